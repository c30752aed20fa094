/**
 * Share of a feature's variance that the current token alone explains, held out:
 *
 *     1 − Σ_t (a_t − m(token_t))² / Σ_t (a_t − ā)²
 *
 * m(token) is the mean activation on the token in the fit half, ā the mean there over all tokens; m = ā for a token that the fit
 * half does not have. 1 is a feature of the token; 0 and less one of the context.
 */
import type { TextSample } from "../pass/mod.ts";
import type { Halves } from "./halves.ts";
import type { Keys } from "./keys.ts";

/** Returns the two sums in each block, `[unexplained, all]`. @param tokens tokens of each block */
export function tokenVariance(
  { fit, heldOut }: Halves,
  keys: Keys,
  sample: TextSample,
  tokens: ArrayLike<number>,
): [Float64Array, Float64Array] {
  const { blocks, block, fitTokens } = sample;
  const sums = new Map<number, number>();
  let all = 0;
  for (const [i, t] of fit.tokens.entries()) {
    all += fit.values[i];
    sums.set(keys.of[t], (sums.get(keys.of[t]) ?? 0) + fit.values[i]);
  }
  const mean = all / fitTokens;
  const unexplained = new Float64Array(blocks);
  const total = Float64Array.from({ length: blocks }, (_, b) => tokens[b] * mean ** 2);
  // every token, as if the feature were silent
  for (const [key, sum] of sums) {
    const m = sum / keys.fit[key], at = key * blocks;
    for (let b = 0; b < blocks; b++) unexplained[b] += keys.held[at + b] * m ** 2;
  }
  if (keys.counts[0] === 0) {
    for (let b = 0; b < blocks; b++) unexplained[b] += keys.heldByCount[b] * mean ** 2;
  }
  for (const [i, t] of heldOut.tokens.entries()) {
    const key = keys.of[t], a = heldOut.values[i];
    const m = keys.fit[key] === 0 ? mean : (sums.get(key) ?? 0) / keys.fit[key];
    unexplained[block[t]] += a ** 2 - 2 * a * m;
    total[block[t]] += a ** 2 - 2 * a * mean;
  }
  return [unexplained, total];
}
