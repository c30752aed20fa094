import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  bootstrapInterval,
  bootstrapMeanIntervals,
  ewma,
  mean,
  pearson,
  resampledIndices,
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

Deno.test("bootstrapInterval() meets the exact resampling distribution of a small sample", () => {
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
  const [low, high] = bootstrapInterval(values, { resamples: 20_000, level: 0.8, seed: 1 });
  // 256 equally likely resamples: the 10 % and 90 % points, which lie inside steps of the distribution
  assertEquals(low, exact[25]);
  assertEquals(high, exact[230]);
});

Deno.test("bootstrapInterval() is near mean ± 1.96 s/√n, repeats for a seed and differs between seeds", () => {
  const values = Array.from({ length: 400 }, (_, i) => Math.sin(i * 12.9898) * 3 + 10);
  const [low, high] = bootstrapInterval(values, { resamples: 2000, seed: 7 });
  assertAlmostEquals(low, mean(values) - 1.96 * standardError(values), 0.02);
  assertAlmostEquals(high, mean(values) + 1.96 * standardError(values), 0.02);
  assertEquals(bootstrapInterval(values, { resamples: 2000, seed: 7 }), [low, high]);
  assertEquals(bootstrapInterval(values, { resamples: 2000, seed: 8 })[0] === low, false);
});

Deno.test("bootstrapInterval() takes any statistic", () => {
  const largest = (values: Float64Array) => Math.max(...values);
  assertEquals(bootstrapInterval([4], { statistic: largest }), [4, 4]);
  assertEquals(bootstrapInterval([1, 2, 3, 4], { statistic: largest, resamples: 500 })[1], 4);
});

Deno.test("resampledIndices() draws every index equally often", () => {
  const counts = new Array(5).fill(0);
  for (const indices of resampledIndices(5, 4000, 3)) for (const i of indices) counts[i]++;
  // 20,000 draws: standard deviation of a count is √(20000 · 0.2 · 0.8) ≈ 57
  for (const count of counts) assertAlmostEquals(count, 4000, 4 * 57);
});

Deno.test("ewma() is pandas' ewm().mean()", () => {
  // pandas: Series([1, 2, 6, 4]).ewm(alpha=0.5).mean() and with adjust=False
  const values = [1, 2, 6, 4];
  const adjusted = [1, 5 / 3, (6 + 2 / 2 + 1 / 4) / 1.75, (4 + 6 / 2 + 2 / 4 + 1 / 8) / 1.875];
  for (const [i, value] of ewma(values, 0.5).entries()) {
    assertAlmostEquals(value, adjusted[i], 1e-12);
  }
  assertEquals(ewma(values, 0.5, false), [1, 1.5, 3.75, 3.875]);
  assertEquals(ewma(values, 1), values);
  assertThrows(() => ewma(values, 0), Error, "expected 0 < alpha ≤ 1, found 0");
});

Deno.test("bootstrapMeanIntervals() gives each list the interval that bootstrapInterval() gives it", () => {
  const lists = [[1, 5, 2, 8, 3], [0.5, -1, 4, 4, 2]];
  const options = { resamples: 200, level: 0.9, seed: 3 };
  assertEquals(
    bootstrapMeanIntervals(lists, options),
    lists.map((values) => bootstrapInterval(values, options)),
  );
  assertThrows(() => bootstrapMeanIntervals([[1, 2], [1]]), Error, "lengths 2, 1");
});
