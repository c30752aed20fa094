import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  bootstrapMeanIntervals,
  ewma,
  ewmaFromZero,
  mean,
  median,
  pearson,
  quantile,
  resampledIndices,
  seededIndices,
  standardError,
} from "./statistics.ts";

Deno.test("mean() and standardError() agree with the textbook", () => {
  const values = new Float32Array([2, 4, 4, 4, 5, 5, 7, 9]);
  assertEquals(mean(values), 5);
  // squared deviations sum to 32: s² = 32/7, s/√8
  assertAlmostEquals(standardError(values), Math.sqrt(32 / 7 / 8), 1e-12);
  assertEquals(standardError([3]), 0);
  assertThrows(() => mean([]), Error, "mean: expected at least 1 value(s), found 0");
});

Deno.test("pearson() is 1 for a line, and Anscombe's 0.816", () => {
  assertAlmostEquals(pearson([1, 2, 3, 4], [-1, -3, -5, -7]), -1, 1e-12);
  const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
  const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
  assertAlmostEquals(pearson(x, y), 0.81642051634484, 1e-12);
  assertEquals(pearson([1, 2, 3], [1, 1, 1]), NaN);
  assertThrows(() => pearson([1, 2], [1]), Error, "found 2 and 1 values");
});

Deno.test("median() is the middle value, or the mean of the two middle ones", () => {
  assertEquals(median([9, 1, 4]), 4);
  assertEquals(median(Float32Array.of(9, 1, 4, 2)), 3);
  const given = [3, 1, 2];
  median(given);
  assertEquals(given, [3, 1, 2], "the values given must not change");
  assertThrows(() => median([]), Error, "median: expected at least 1 value(s), found 0");
});

Deno.test("quantile() is NumPy's default", () => {
  // numpy.quantile([1, 2, 4, 8], [0, 0.1, 0.5, 0.75, 1])
  const values = [1, 2, 4, 8];
  [[0, 1], [0.1, 1.3], [0.5, 3], [0.75, 5], [1, 8]].forEach(([p, expected]) =>
    assertAlmostEquals(quantile(values, p), expected, 1e-12)
  );
  assertEquals(quantile([7], 0.3), 7);
});

const interval = (values: number[], options: Parameters<typeof bootstrapMeanIntervals>[1]) =>
  bootstrapMeanIntervals([values], options)[0];

Deno.test("bootstrapMeanIntervals() meets the exact resampling distribution of a small sample", () => {
  const values = [0, 1, 5, 12];
  const exact: number[] = [];
  for (const a of values) {
    for (const b of values) {
      for (const c of values) {
        for (const d of values) {
          exact.push((a + b + c + d) / 4);
        }
      }
    }
  }
  exact.sort((a, b) => a - b);
  const options = { resamples: 20_000, level: 0.8, draw: seededIndices(1) };
  // 256 equally likely resamples: the 10 % and 90 % points are inside steps of the distribution
  assertEquals(interval(values, options), [exact[25], exact[230]]);
});

Deno.test("bootstrapMeanIntervals() is near mean ± 1.96 s/√n, repeats for a seed and differs between seeds", () => {
  const values = Array.from({ length: 400 }, (_, i) => Math.sin(i * 12.9898) * 3 + 10);
  const seeded = (seed: number) => interval(values, { resamples: 2000, draw: seededIndices(seed) });
  const [low, high] = seeded(7);
  assertAlmostEquals(low, mean(values) - 1.96 * standardError(values), 0.02);
  assertAlmostEquals(high, mean(values) + 1.96 * standardError(values), 0.02);
  assertEquals(seeded(7), [low, high]);
  assertEquals(seeded(8)[0] === low, false);
});

Deno.test("resampledIndices() draws every index equally often", () => {
  const counts = new Array(5).fill(0);
  for (const indices of resampledIndices(5, 4000, seededIndices(3))) {
    for (const i of indices) counts[i]++;
  }
  // 20,000 draws: standard deviation of a count is √(20000 · 0.2 · 0.8) ≈ 57
  for (const count of counts) assertAlmostEquals(count, 4000, 4 * 57);
});

Deno.test("ewma() is pandas' ewm().mean(), ewmaFromZero() the recursion from 0", () => {
  // pandas: Series([1, 2, 6, 4]).ewm(alpha=0.5).mean()
  const values = [1, 2, 6, 4];
  const expected = [1, 5 / 3, (6 + 2 / 2 + 1 / 4) / 1.75, (4 + 6 / 2 + 2 / 4 + 1 / 8) / 1.875];
  ewma(values, 0.5).forEach((x, i) => assertAlmostEquals(x, expected[i], 1e-12));
  assertEquals(ewma(values, 1), values);
  assertEquals(ewmaFromZero([1, 1, 0], 0.5), [0.5, 0.75, 0.375]);
  for (const average of [ewma, ewmaFromZero]) {
    assertThrows(() => average(values, 0), Error, "expected 0 < alpha ≤ 1, found 0");
  }
});

Deno.test("bootstrapMeanIntervals() gives each list the interval that it gets alone", () => {
  const lists = [[1, 5, 2, 8, 3], [0.5, -1, 4, 4, 2]];
  const options = () => ({ resamples: 200, level: 0.9, draw: seededIndices(3) });
  assertEquals(
    bootstrapMeanIntervals(lists, options()),
    lists.map((values) => interval(values, options())),
  );
  assertThrows(() => bootstrapMeanIntervals([[1, 2], [1]]), Error, "lengths 2, 1");
});
