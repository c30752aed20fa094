/**
 * When a quantity appears in training: the first checkpoint at which its mean over prompts reaches a level, as a share of the
 * largest mean of all checkpoints. A quantity that is never positive does not appear.
 */

/** Values of a quantity at each checkpoint, prompt by prompt: `[checkpoints][prompts]`. */
export type PromptSeries = readonly ArrayLike<number>[];

/** Level, as a share of the largest value, from which on a quantity is there. */
export const LEVEL = 0.5;

/** Returns the place of the first value that reaches the level; undefined if none is positive. */
export function appearance(series: ArrayLike<number>, level = LEVEL): number | undefined {
  let most = 0;
  for (let t = 0; t < series.length; t++) most = Math.max(most, series[t]);
  if (most <= 0) return undefined;
  for (let t = 0; t < series.length; t++) if (series[t] >= level * most) return t;
}

/** Returns the mean at each checkpoint over drawn prompts. @param drawn indices of prompts; default: all, once */
export function meansOf(series: PromptSeries, drawn?: ArrayLike<number>): Float64Array {
  return Float64Array.from(series, (values) => {
    const n = drawn?.length ?? values.length;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[drawn ? drawn[i] : i];
    return n === 0 ? 0 : sum / n;
  });
}
