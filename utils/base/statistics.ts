/**
 * Summary statistics of results. Bootstrap intervals are percentile intervals (Efron & Tibshirani 1993, §13): resample
 * the values with replacement B times, take the mean of each resample, and return the quantiles (1 − level)/2 and
 * (1 + level)/2 of the means. Resampling is seeded, so the same results give the same interval.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { mean as meanOf, sampleCorrelation, sampleStandardDeviation } from "simple-statistics";

/** A list of numbers, typed array or not. */
export type Values = ArrayLike<number>;

/** Returns the arithmetic mean. @throws Error if there are no values. */
export function mean(values: Values): number {
  return meanOf(toArray(values, "mean", 1));
}

/** Returns the standard error of the mean, s/√n with s the sample standard deviation (divisor n − 1); 0 for one value. */
export function standardError(values: Values): number {
  const array = toArray(values, "standard error", 1);
  return array.length === 1 ? 0 : sampleStandardDeviation(array) / Math.sqrt(array.length);
}

/** Returns Pearson's r of two lists of equal length ≥ 2; NaN if one is constant. @throws Error for other lengths. */
export function pearson(x: Values, y: Values): number {
  if (x.length !== y.length) {
    throw new Error(
      `pearson: expected lists of equal length, found ${x.length} and ${y.length} values`,
    );
  }
  return sampleCorrelation(toArray(x, "pearson", 2), toArray(y, "pearson", 2));
}

/**
 * Draws `resamples` samples with replacement from n values.
 * @returns the indices of one sample after the other, `[n]` each
 */
export function* resampledIndices(
  n: number,
  resamples: number,
  seed: number,
): Generator<Int32Array> {
  const random = xoroshiro128plus(seed);
  for (let b = 0; b < resamples; b++) {
    const indices = new Int32Array(n);
    for (let i = 0; i < n; i++) indices[i] = uniformInt(random, 0, n - 1);
    yield indices;
  }
}

/** How a bootstrap resamples. */
export interface BootstrapOptions {
  /** default 1000 */
  resamples?: number;
  /** default 0.95 */
  level?: number;
  /** default 0 */
  seed?: number;
}

/**
 * Returns percentile bootstrap intervals [low, high] of the means of several lists of equal length. All lists share the
 * same resamples.
 * @throws Error if a list is empty or the lengths differ.
 */
export function bootstrapMeanIntervals(
  lists: readonly Values[],
  { resamples = 1000, level = 0.95, seed = 0 }: BootstrapOptions = {},
): [number, number][] {
  const sources = lists.map((values) => Float64Array.from(toArray(values, "bootstrap", 1)));
  const n = sources[0]?.length ?? 0;
  if (sources.some((source) => source.length !== n)) {
    const lengths = sources.map((source) => source.length);
    throw new Error(
      `bootstrap: expected lists of equal length, found lengths ${lengths.join(", ")}`,
    );
  }
  const statistics = sources.map(() => new Float64Array(resamples));
  let b = 0;
  for (const indices of resampledIndices(n, resamples, seed)) {
    sources.forEach((source, k) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += source[indices[i]];
      statistics[k][b] = sum / n;
    });
    b++;
  }
  return statistics.map((means) => {
    means.sort();
    return [quantile(means, (1 - level) / 2), quantile(means, (1 + level) / 2)];
  });
}

/**
 * Returns the exponentially weighted moving average, pandas' `ewm(alpha=…, adjust=True).mean()`:
 * y_t = Σ_i (1 − α)^i x_{t−i} / Σ_i (1 − α)^i over i = 0…t.
 * @throws Error unless 0 < alpha ≤ 1.
 */
export function ewma(values: Values, alpha: number): number[] {
  if (!(alpha > 0 && alpha <= 1)) throw new Error(`ewma: expected 0 < alpha ≤ 1, found ${alpha}`);
  let sum = 0, weights = 0;
  return Array.from(values, (value) => {
    sum = value + (1 - alpha) * sum;
    weights = 1 + (1 - alpha) * weights;
    return sum / weights;
  });
}

/** Returns a quantile of ascending values, interpolated linearly between neighbours (type 7, NumPy's default). */
function quantile(sorted: ArrayLike<number>, p: number): number {
  const place = p * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

function toArray(values: Values, what: string, atLeast: number): number[] {
  if (values.length < atLeast) {
    throw new Error(`${what}: expected at least ${atLeast} value(s), found ${values.length}`);
  }
  return Array.from(values);
}
