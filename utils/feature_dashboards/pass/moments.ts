/**
 * Counts activations of many features while text streams by. A histogram has bins of equal width from 0 to a power of two; when
 * a value lies beyond, the range doubles and neighbouring bins merge, so counts stay exact.
 */

/** Number of bins. */
export const BINS = 32;

/** Firings, sum, maximum and histogram of every feature. */
export class ActivationMoments {
  /** firings of each feature */
  readonly firings: Float64Array;
  /** sum of each feature's activations */
  readonly sums: Float64Array;
  /** largest activation of each feature; 0 where it never fired */
  readonly largest: Float64Array;
  readonly #counts: Uint32Array;
  readonly #high: Float64Array;

  /** Takes the number of features. */
  constructor(features: number) {
    this.firings = new Float64Array(features);
    this.sums = new Float64Array(features);
    this.largest = new Float64Array(features);
    this.#counts = new Uint32Array(features * BINS);
    this.#high = new Float64Array(features);
  }

  /** Returns the bytes for this many features. */
  static bytes(features: number): number {
    return features * (4 * 8 + BINS * 4);
  }

  /** Adds a positive activation. */
  add(f: number, value: number): void {
    this.firings[f]++;
    this.sums[f] += value;
    if (value > this.largest[f]) this.largest[f] = value;
    if (this.#high[f] === 0) this.#high[f] = 2 ** (Math.floor(Math.log2(value)) + 1);
    while (value >= this.#high[f]) this.#widen(f);
    this.#counts[f * BINS + Math.floor(value / this.#high[f] * BINS)]++;
  }

  #widen(f: number): void {
    const at = f * BINS;
    for (let i = 0; i < BINS / 2; i++) {
      this.#counts[at + i] = this.#counts[at + 2 * i] + this.#counts[at + 2 * i + 1];
    }
    this.#counts.fill(0, at + BINS / 2, at + BINS);
    this.#high[f] *= 2;
  }

  /** Returns the histogram of a feature, empty bins at its end left out. */
  histogram(f: number): { low: number; high: number; counts: number[] } {
    const counts = Array.from(this.#counts.subarray(f * BINS, (f + 1) * BINS));
    let end = BINS;
    while (end > 1 && counts[end - 1] === 0) end--;
    return { low: 0, high: this.#high[f] * end / BINS, counts: counts.slice(0, end) };
  }
}
