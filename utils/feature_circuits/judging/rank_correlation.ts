/** Spearman's rank correlation: Pearson's r of the ranks, where equal values share the mean of their ranks. */
import { pearson } from "../../base/mod.ts";

/**
 * Returns the rank of every value from 1 on; equal values share the mean of their ranks.
 * @throws Error naming the place of a value that is not a number.
 */
export function ranks(values: ArrayLike<number>): Float64Array {
  for (let i = 0; i < values.length; i++) {
    if (!(values[i] <= Infinity)) {
      throw new Error(`ranks: expected numbers, found ${values[i]} at place ${i}`);
    }
  }
  const order = Array.from({ length: values.length }, (_, i) => i)
    .sort((a, b) => values[a] - values[b]);
  const found = new Float64Array(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) found[order[i]] = (from + 1 + to) / 2;
  }
  return found;
}

/**
 * Returns Spearman's ρ; NaN if one of the lists is constant.
 * @throws Error if the lists differ in length, have fewer than two values, or have NaN.
 */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return pearson(ranks(x), ranks(y));
}
