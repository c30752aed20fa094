import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { seededIndices } from "../../base/mod.ts";
import { ExampleKeeper, type RowActivations } from "./examples.ts";
import { FiringCollector } from "./firings.ts";
import { ActivationMoments, BINS } from "./moments.ts";

const F = 3, LENGTH = 10;

/** Rows of random activations, two thirds of them 0. */
function randomRows(count: number, seed: number): RowActivations[] {
  const draw = seededIndices(seed);
  return Array.from({ length: count }, (_, row) => ({
    data: Float32Array.from({ length: LENGTH * F }, () => Math.max(0, draw(3000) - 2000) / 1000),
    offset: 0,
    length: LENGTH,
    counted: Uint8Array.from({ length: LENGTH }, (_, p) => Number(p !== 4)),
    row,
  }));
}

const value = ({ data, counted }: RowActivations, p: number, f: number) =>
  counted[p] ? data[p * F + f] : 0;

Deno.test("examples: the top ones are the rows of largest peak, with the activations around it", () => {
  const rows = randomRows(50, 1);
  const keeper = new ExampleKeeper(F, { top: 4, sample: 0, before: 3, after: 2, seed: 0 });
  const peaks = rows.map((row) =>
    Array.from({ length: F }, (_, f) => {
      const values = Array.from({ length: LENGTH }, (_, p) => value(row, p, f));
      const most = Math.max(...values);
      return { most, peak: values.indexOf(most) };
    })
  );
  for (const [r, row] of rows.entries()) {
    for (let f = 0; f < F; f++) {
      const { most, peak } = peaks[r][f];
      if (most > 0) keeper.offerPeak(f, most, peak, row);
    }
  }
  for (let f = 0; f < F; f++) {
    const order = Array.from(rows.keys()).sort((a, b) => peaks[b][f].most - peaks[a][f].most);
    const found = keeper.top(f, () => LENGTH);
    assertEquals(found.map(({ row }) => row), order.slice(0, 4));
    for (const { row, peak, from, activations } of found) {
      assertEquals(peak, peaks[row][f].peak);
      assertEquals(from, Math.max(0, peak - 3));
      const expected = [];
      for (let p = from; p < Math.min(LENGTH, peak + 3); p++) expected.push(value(rows[row], p, f));
      assertEquals(Array.from(activations), expected);
    }
  }
});

Deno.test("examples: every firing is as likely to be in the sample as any other", () => {
  const times = new Float64Array(60), RUNS = 4000, KEPT = 6;
  for (let run = 0; run < RUNS; run++) {
    const keeper = new ExampleKeeper(1, { top: 0, sample: KEPT, before: 0, after: 0, seed: run });
    const data = new Float32Array([1]), counted = new Uint8Array([1]);
    for (let row = 0; row < times.length; row++) {
      keeper.offerFiring(0, 1, 0, { data, offset: 0, length: 1, counted, row });
    }
    const sample = keeper.sample(0, () => 1);
    assertEquals(new Set(sample.map(({ row }) => row)).size, KEPT);
    for (const { row } of sample) times[row]++;
  }
  // χ² over 59 degrees of freedom: 99.99 % below 109
  const expected = RUNS * KEPT / times.length;
  const chi = times.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  assert(chi < 109, `χ² = ${chi}`);
});

Deno.test("moments: counts, means and maxima; the histogram counts every value in its bin", () => {
  const draw = seededIndices(4), moments = new ActivationMoments(1);
  const values = Array.from({ length: 3000 }, () => Math.fround(Math.exp(draw(9000) / 1000 - 4)));
  for (const v of values) moments.add(0, v);
  assertEquals(moments.firings[0], values.length);
  assertAlmostEquals(moments.sums[0], values.reduce((a, b) => a + b), 1e-6);
  assertEquals(moments.largest[0], Math.max(...values));
  const { low, high, counts } = moments.histogram(0);
  const width = (high - low) / counts.length;
  assert(counts.length <= BINS && counts.length > BINS / 4);
  assert(high >= Math.max(...values) && high - width <= Math.max(...values));
  const expected = counts.map((_, i) =>
    values.filter((v) => v >= i * width && v < (i + 1) * width).length
  );
  assertEquals(counts, expected);
});

Deno.test("firings: come back by feature, in the order of tokens", () => {
  const draw = seededIndices(5), collector = new FiringCollector(7);
  const all = Array.from({ length: 20_000 }, (_, t) => ({ t, f: draw(7), value: draw(100) + 0.5 }));
  for (const { t, f, value } of all) collector.add(t, f, value);
  const { starts, tokens, values } = collector.byFeature();
  for (let f = 0; f < 7; f++) {
    const own = all.filter((firing) => firing.f === f);
    const part = [starts[f], starts[f + 1]] as const;
    assertEquals(Array.from(tokens.subarray(...part)), own.map(({ t }) => t));
    assertEquals(Array.from(values.subarray(...part)), own.map(({ value }) => value));
  }
});
