/**
 * Intervals of measures that are functions of sums over tokens: blocks of rows are drawn with replacement, the sums added, and
 * the measure computed again (bootstrap, percentiles 2.5 and 97.5). All measures share the drawn blocks.
 */
import { percentileInterval, resampledIndices, seededIndices } from "../../base/mod.ts";

/** A measure and its 95 % interval. */
export type Score = [value: number, low: number, high: number];

/** Number of resamples. */
const RESAMPLES = 200;

/** Draws blocks once, and computes intervals with them. */
export class BlockBootstrap {
  /** how often each resample has each block, `[RESAMPLES, blocks]` */
  readonly #times: Float64Array;

  /** Takes the number of blocks. */
  constructor(private readonly blocks: number, seed: number) {
    this.#times = new Float64Array(RESAMPLES * blocks);
    let at = 0;
    for (const indices of resampledIndices(blocks, RESAMPLES, seededIndices(seed))) {
      for (const block of indices) this.#times[at + block]++;
      at += blocks;
    }
  }

  /**
   * Returns a measure of sums and its interval.
   * @param parts each sum's part in each block, `[sums][blocks]`
   * @param measure the measure; a resample in which it is not finite is left out
   */
  score(
    parts: readonly ArrayLike<number>[],
    measure: (sums: readonly number[]) => number,
  ): Score | null {
    const sums = parts.map((part) => {
      let sum = 0;
      for (let b = 0; b < this.blocks; b++) sum += part[b];
      return sum;
    });
    const value = measure(sums);
    if (!Number.isFinite(value)) return null;
    const found: number[] = [];
    for (let r = 0, at = 0; r < RESAMPLES; r++, at += this.blocks) {
      for (let s = 0; s < parts.length; s++) {
        let sum = 0;
        for (let b = 0; b < this.blocks; b++) sum += this.#times[at + b] * parts[s][b];
        sums[s] = sum;
      }
      const again = measure(sums);
      if (Number.isFinite(again)) found.push(again);
    }
    const [low, high] = found.length > 0
      ? percentileInterval(Float64Array.from(found), 0.95)
      : [value, value];
    return [value, low, high];
  }
}
