/**
 * How much a key says about whether a feature fires: mutual information, held out. The fit half gives the probability of firing
 * under each key, shrunk towards the base rate p₀; the held-out half is coded with it:
 *
 *     p(key) = (firings of the key + α·p₀) / (tokens of the key + α)
 *     gain   = Σ_t log P(fires_t | key_t) − log P₀(fires_t),     share = gain / −Σ_t log P₀(fires_t)
 *
 * α is the one of {@link SHRINKAGE} that codes the fit half best, each token with the counts of the others (leave one out).
 *
 * The gain per token is a lower bound of the mutual information in expectation, whatever the number of keys: a key that says
 * nothing gives 0 or less. The share is that of the entropy of firing: 1 where the key tells every firing.
 */
import type { TextSample } from "../pass/mod.ts";
import type { Halves } from "./halves.ts";
import type { Keys } from "./keys.ts";

/** The code of a feature's firing without a key. */
export interface BaseCode {
  /** probability of firing */
  p0: number;
  /** code length in each block, nats, `[blocks]` */
  length: Float64Array;
}

/** Returns the code of a feature's firing without a key. @param tokens tokens of each block */
export function baseCode(
  { fit, heldOut }: Halves,
  sample: TextSample,
  tokens: ArrayLike<number>,
): BaseCode {
  const p0 = (fit.tokens.length + 0.5) / (sample.fitTokens + 1);
  const length = Float64Array.from(tokens, (n) => -n * Math.log(1 - p0));
  const more = Math.log(1 - p0) - Math.log(p0);
  for (const t of heldOut.tokens) length[sample.block[t]] += more;
  return { p0, length };
}

/** Numbers of tokens of the base rate that each key's counts are mixed with. */
export const SHRINKAGE = [1, 10, 100, 1000];

/** Returns the gain of a key in each block, nats, `[blocks]`. */
export function keyGain(
  { fit, heldOut }: Halves,
  keys: Keys,
  { p0, length }: BaseCode,
  sample: TextSample,
): Float64Array {
  const { blocks, block } = sample;
  const fired = new Map<number, number>();
  for (const t of fit.tokens) fired.set(keys.of[t], (fired.get(keys.of[t]) ?? 0) + 1);
  const alpha = bestShrinkage(fired, keys, p0);
  const silent = (count: number) => alpha * p0 / (count + alpha);
  const gain = length.slice();
  // every token, as if its key had never fired
  for (const [i, count] of keys.counts.entries()) {
    const log = Math.log(1 - silent(count)), at = i * blocks;
    for (let b = 0; b < blocks; b++) gain[b] += keys.heldByCount[at + b] * log;
  }
  // keys that fired
  const odds = new Map<number, number>();
  for (const [key, times] of fired) {
    const count = keys.fit[key], p = (times + alpha * p0) / (count + alpha);
    const more = Math.log(1 - p) - Math.log(1 - silent(count)), at = key * blocks;
    for (let b = 0; b < blocks; b++) gain[b] += keys.held[at + b] * more;
    odds.set(key, Math.log(p) - Math.log(1 - p));
  }
  for (const t of heldOut.tokens) {
    const key = keys.of[t], p = silent(keys.fit[key]);
    gain[block[t]] += odds.get(key) ?? Math.log(p) - Math.log(1 - p);
  }
  return gain;
}

/** Returns the shrinkage that codes the fit half best, each token with the counts of the others. */
function bestShrinkage(fired: ReadonlyMap<number, number>, keys: Keys, p0: number): number {
  let best = SHRINKAGE[0], most = -Infinity;
  for (const alpha of SHRINKAGE) {
    const p = (times: number, others: number) => (times + alpha * p0) / (others + alpha);
    let log = 0;
    for (const [i, count] of keys.counts.entries()) {
      if (count > 0) log += keys.fitByCount[i] * Math.log(1 - p(0, count - 1));
    }
    for (const [key, times] of fired) {
      const others = keys.fit[key] - 1;
      log -= keys.fit[key] * Math.log(1 - p(0, others));
      log += times * Math.log(p(times - 1, others));
      if (times <= others) log += (others + 1 - times) * Math.log(1 - p(times, others));
    }
    if (log > most) [most, best] = [log, alpha];
  }
  return best;
}
