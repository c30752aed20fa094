/**
 * Summary statistics of results. Bootstrap intervals are percentile intervals (Efron & Tibshirani 1993, §13): resample
 * the values with replacement B times, take the statistic of each resample, and give the quantiles (1 − level)/2 and
 * (1 + level)/2 of those. Seeded, so that the same results give the same interval.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { mean as meanOf, sampleCorrelation, sampleStandardDeviation } from "simple-statistics";

/** Numbers in any kind of list. */
export type Values = ArrayLike<number>;

/** Arithmetic mean. @throws Error when there are no values. */
export function mean(values: Values): number {
  return meanOf(toArray(values, "mean", 1));
}

/** Standard error of the mean, s/√n with s the sample standard deviation (divisor n − 1); 0 for one value. */
export function standardError(values: Values): number {
  const array = toArray(values, "standard error", 1);
  return array.length === 1 ? 0 : sampleStandardDeviation(array) / Math.sqrt(array.length);
}

/** Pearson's r of two lists of one length ≥ 2; NaN where one of them is constant. @throws Error otherwise. */
export function pearson(x: Values, y: Values): number {
  if (x.length !== y.length) {
    throw new Error(
      `pearson: expected lists of one length, found ${x.length} and ${y.length} values`,
    );
  }
  return sampleCorrelation(toArray(x, "pearson", 2), toArray(y, "pearson", 2));
}

/**
 * Indices of `resamples` samples with replacement from n values.
 * @returns one Int32Array [n] per resample
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

export interface BootstrapOptions {
  /** of a resample; the mean by default */
  statistic?: (values: Float64Array) => number;
  /** default 1000 */
  resamples?: number;
  /** default 0.95 */
  level?: number;
  /** default 0 */
  seed?: number;
}

/** Percentile bootstrap interval [low, high] of a statistic of the values. @throws Error when there are none. */
export function bootstrapInterval(
  values: Values,
  { statistic = plainMean, resamples = 1000, level = 0.95, seed = 0 }: BootstrapOptions = {},
): [number, number] {
  const source = toArray(values, "bootstrap", 1);
  const sample = new Float64Array(source.length);
  const statistics: number[] = [];
  for (const indices of resampledIndices(source.length, resamples, seed)) {
    for (let i = 0; i < sample.length; i++) sample[i] = source[indices[i]];
    statistics.push(statistic(sample));
  }
  statistics.sort((a, b) => a - b);
  return [quantile(statistics, (1 - level) / 2), quantile(statistics, (1 + level) / 2)];
}

/**
 * Percentile bootstrap intervals of the means of several lists of one length, as `bootstrapInterval` gives them one by
 * one, but with one drawing of indices for all. @throws Error when lists are empty or their lengths differ.
 */
export function bootstrapMeanIntervals(
  lists: readonly Values[],
  { resamples = 1000, level = 0.95, seed = 0 }: Omit<BootstrapOptions, "statistic"> = {},
): [number, number][] {
  const sources = lists.map((values) => Float64Array.from(toArray(values, "bootstrap", 1)));
  const n = sources[0]?.length ?? 0;
  if (sources.some((source) => source.length !== n)) {
    const lengths = sources.map((source) => source.length);
    throw new Error(`bootstrap: expected lists of one length, found lengths ${lengths.join(", ")}`);
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
 * Exponentially weighted moving average, as pandas' `ewm(alpha=…, adjust=…).mean()`. With `adjust` (the default) the
 * t-th value is Σ_i (1 − α)^i x_{t−i} / Σ_i (1 − α)^i over i = 0…t; without, y_t = (1 − α) y_{t−1} + α x_t, y_0 = x_0.
 */
export function ewma(values: Values, alpha: number, adjust = true): number[] {
  if (!(alpha > 0 && alpha <= 1)) throw new Error(`ewma: expected 0 < alpha ≤ 1, found ${alpha}`);
  let weight = 0;
  let average = 0;
  return Array.from(values, (value, t) => {
    weight = adjust ? (1 - alpha) * weight + 1 : t === 0 ? 1 : 1 / alpha;
    average += (value - average) / weight;
    return average;
  });
}

/** Quantile of ascending values with linear interpolation between neighbours (type 7, as NumPy's default). */
function quantile(sorted: ArrayLike<number>, p: number): number {
  const place = p * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

function plainMean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function toArray(values: Values, what: string, atLeast: number): number[] {
  if (values.length < atLeast) {
    throw new Error(`${what}: expected at least ${atLeast} value(s), found ${values.length}`);
  }
  return Array.from(values);
}
