/** Chooses which examples of a feature are shown. */
import type { CoderPass, Example } from "./pass/mod.ts";

/** Examples of a feature: the strongest, and some from bands of its firings. */
export interface ShownExamples {
  top: Example[];
  bands: { from: number; to: number; low: number; high: number; examples: Example[] }[];
  all: Example[];
}

/** Returns the examples of a feature: the top ones, and some from each band of its sampled firings, spread evenly. */
export function examplesOf(
  { examples }: CoderPass,
  f: number,
  { bands, perBand, lengthOf }: {
    bands: number;
    perBand: number;
    lengthOf: (row: number) => number;
  },
): ShownExamples {
  const top = examples.top(f, lengthOf), sampled = examples.sample(f, lengthOf);
  const n = sampled.length;
  const made: ShownExamples["bands"] = [];
  for (let b = 0; b < bands; b++) {
    const part = sampled.slice(Math.floor(b * n / bands), Math.floor((b + 1) * n / bands));
    if (part.length === 0) continue;
    const count = Math.min(perBand, part.length);
    const chosen = Array.from(
      { length: count },
      (_, i) => part[Math.floor((i + 0.5) * part.length / count)],
    );
    made.push({
      from: rounded(1 - (b + 1) / bands),
      to: rounded(1 - b / bands),
      low: rounded(part.at(-1)!.value),
      high: rounded(part[0].value),
      examples: chosen,
    });
  }
  return { top, bands: made, all: [...top, ...made.flatMap(({ examples }) => examples)] };
}

/** Returns a number with four significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
