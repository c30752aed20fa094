/**
 * Summary statistics, moving averages and the bootstrap.
 *
 * Bootstrap intervals are percentile intervals (Efron & Tibshirani 1993, §13):
 *   1. resample the values with replacement B times;
 *   2. take the mean of each resample;
 *   3. return the quantiles (1 − level)/2 and (1 + level)/2 of those means.
 * The caller gives the source of random indices, so that the same seed gives the same interval.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { mean as meanOf, sampleCorrelation, sampleStandardDeviation } from "simple-statistics";

/** Numbers in any kind of list. */
export type Values = ArrayLike<number>;

/** Draws a whole number from 0 … n − 1, each with the same probability. */
export type DrawIndex = (n: number) => number;

/** Returns the arithmetic mean. @throws Error if there are no values. */
export function mean(values: Values): number {
  return meanOf(toArray(values, "mean", 1));
}

/** Returns the middle value, or the mean of the two middle ones. @throws Error if there are no values. */
export function median(values: Values): number {
  const sorted = toArray(values, "median", 1).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Returns a quantile of ascending values, linear between neighbours (type 7, NumPy's default). */
export function quantile(sorted: Values, p: number): number {
  const place = p * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

/**
 * Returns the standard error of the mean, s/√n with s the sample standard deviation (divisor n − 1); 0 for one value.
 * @throws Error if there are no values.
 */
export function standardError(values: Values): number {
  const array = toArray(values, "standard error", 1);
  return array.length === 1 ? 0 : sampleStandardDeviation(array) / Math.sqrt(array.length);
}

/**
 * Returns Pearson's r; NaN if one of the lists is constant.
 * @throws Error if the lists differ in length or have fewer than two values.
 */
export function pearson(x: Values, y: Values): number {
  if (x.length !== y.length) {
    throw new Error(
      `pearson: expected lists of the same length, found ${x.length} and ${y.length} values`,
    );
  }
  return sampleCorrelation(toArray(x, "pearson", 2), toArray(y, "pearson", 2));
}

/**
 * Returns the exponentially weighted mean of all values so far, as pandas' `ewm(alpha, adjust=True).mean()`:
 * y_t = Σ_k (1 − α)^k x_{t−k} / Σ_k (1 − α)^k over k = 0 … t.
 * @throws Error unless 0 < α ≤ 1.
 */
export function ewma(values: Values, alpha: number): number[] {
  checkAlpha(alpha);
  let above = 0, below = 0;
  return Array.from(values, (value) => {
    above = value + (1 - alpha) * above;
    below = 1 + (1 - alpha) * below;
    return above / below;
  });
}

/**
 * Returns the exponentially weighted moving average that starts from 0: y_t = α x_t + (1 − α) y_{t−1}, y_{−1} = 0.
 * @throws Error unless 0 < α ≤ 1.
 */
export function ewmaFromZero(values: Values, alpha: number): number[] {
  checkAlpha(alpha);
  let average = 0;
  return Array.from(values, (value) => average = alpha * value + (1 - alpha) * average);
}

/** Returns a source of random indices by xoroshiro128+; the same seed gives the same indices. */
export function seededIndices(seed: number): DrawIndex {
  const random = xoroshiro128plus(seed);
  return (n) => uniformInt(random, 0, n - 1);
}

/**
 * Yields the indices of `resamples` samples with replacement from n values.
 * @returns one Int32Array `[n]` per resample
 */
export function* resampledIndices(
  n: number,
  resamples: number,
  draw: DrawIndex,
): Generator<Int32Array> {
  for (let b = 0; b < resamples; b++) {
    const indices = new Int32Array(n);
    for (let i = 0; i < n; i++) indices[i] = draw(n);
    yield indices;
  }
}

/** Returns the interval [low, high] that holds the middle `level` of the resampled values; sorts them in place. */
export function percentileInterval(resampled: Float64Array, level: number): [number, number] {
  resampled.sort();
  return [quantile(resampled, (1 - level) / 2), quantile(resampled, (1 + level) / 2)];
}

/** How a bootstrap interval is computed. */
export interface BootstrapOptions {
  /** number of resamples, B; default 1000 */
  resamples?: number;
  /** share of the resampled means inside the interval; default 0.95 */
  level?: number;
  /** source of random indices; default: `seededIndices(0)` */
  draw?: DrawIndex;
}

/**
 * Returns the bootstrap intervals [low, high] of the means of several lists. All lists share the drawn indices, so each
 * gets the interval that it gets alone.
 * @throws Error if the lists are empty or differ in length.
 * @example
 * ```ts
 * import { bootstrapMeanIntervals, seededIndices } from "./mod.ts";
 * import { assert } from "@std/assert";
 *
 * const differences = [2.1, 2.4, 1.9, 2.6, 2.2];
 * const [[low, high]] = bootstrapMeanIntervals([differences], { draw: seededIndices(1) });
 * assert(1.9 < low && low < 2.24 && 2.24 < high && high < 2.6);
 * ```
 */
export function bootstrapMeanIntervals(
  lists: readonly Values[],
  { resamples = 1000, level = 0.95, draw = seededIndices(0) }: BootstrapOptions = {},
): [number, number][] {
  const sources = lists.map((values) => Float64Array.from(toArray(values, "bootstrap", 1)));
  const n = sources[0]?.length ?? 0;
  if (sources.some((source) => source.length !== n)) {
    const lengths = sources.map((source) => source.length);
    throw new Error(
      `bootstrap: expected lists of the same length, found lengths ${lengths.join(", ")}`,
    );
  }
  const means = sources.map(() => new Float64Array(resamples));
  let b = 0;
  for (const indices of resampledIndices(n, resamples, draw)) {
    sources.forEach((source, k) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += source[indices[i]];
      means[k][b] = sum / n;
    });
    b++;
  }
  return means.map((resampled) => percentileInterval(resampled, level));
}

function checkAlpha(alpha: number): void {
  if (!(alpha > 0 && alpha <= 1)) throw new Error(`ewma: expected 0 < alpha ≤ 1, found ${alpha}`);
}

function toArray(values: Values, what: string, atLeast: number): number[] {
  if (values.length < atLeast) {
    throw new Error(`${what}: expected at least ${atLeast} value(s), found ${values.length}`);
  }
  return Array.from(values);
}
