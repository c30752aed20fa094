/** Scores of all heads as result files and tables show them. */
import { headName } from "../names/mod.ts";

/** A flat `[L, H]` as a list of layers, each a list of heads; `digits` significant ones, for files. */
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

/** The head with the largest score of a grid, the first where several have it: "a3.h1" and its score. */
export function largestHead(grid: readonly (readonly number[])[]): { head: string; score: number } {
  let best = { head: headName([0, 0]), score: -Infinity };
  grid.forEach((row, l) =>
    row.forEach((score, h) => {
      if (score > best.score) best = { head: headName([l, h]), score };
    })
  );
  return best;
}
