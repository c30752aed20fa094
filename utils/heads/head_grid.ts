/** Arranges the scores of all heads for result files and tables. */
import { headName } from "../names/mod.ts";

/** Returns a flat matrix `[L, H]` as a list of layers, each a list of heads, rounded to `digits` significant digits. */
export function headGrid(values: Float32Array, nHeads: number, digits = 7): number[][] {
  return Array.from(
    { length: values.length / nHeads },
    (_, l) =>
      Array.from(
        values.subarray(l * nHeads, (l + 1) * nHeads),
        (x) => Number(x.toPrecision(digits)),
      ),
  );
}

/** Returns the name ("a3.h1") and the score of the head with the largest score; the first of equals wins. */
export function largestHead(grid: readonly (readonly number[])[]): { head: string; score: number } {
  let best = { head: headName([0, 0]), score: -Infinity };
  grid.forEach((row, l) =>
    row.forEach((score, h) => {
      if (score > best.score) best = { head: headName([l, h]), score };
    })
  );
  return best;
}
