import { assertAlmostEquals, assertEquals } from "@std/assert";
import { axisPercent, number, percent, plural, shortStep } from "./format.ts";
import { linearScale, logScale, niceTicks, rangeOf, stepScale } from "./scales.ts";

const places = ({ ticks }: { ticks: { at: number; label: string }[] }) =>
  ticks.map(({ at, label }) => [label, Math.round(at)]);

Deno.test("niceTicks() are the multiples of 1, 2 or 5 times a power of ten inside the range", () => {
  assertEquals(niceTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assertEquals(niceTicks(-0.3, 0.31, 4), [-0.2, 0, 0.2]);
  assertEquals(niceTicks(7, 143, 4), [50, 100]);
  assertEquals(niceTicks(3, 3, 4), [3]);
});

Deno.test("scales place values and labels where the arithmetic says", () => {
  const linear = linearScale([0, 10], [100, 0], 2, String);
  assertEquals(places(linear), [["0", 100], ["5", 50], ["10", 0]]);
  assertEquals(linear(-1), 110);
  const log = logScale([1, 1000], [0, 300], String);
  assertEquals(places(log), [["1", 0], ["10", 100], ["100", 200], ["1000", 300]]);
  assertEquals(places(logScale([1, 10], [0, 100], String)).map(([label]) => label), [
    "1",
    "2",
    "5",
    "10",
  ]);
  const steps = stepScale([0, 10, 1000], [0, 400], String);
  assertEquals([steps(0), steps(10), steps(1000)], [0, 36, 400]);
});

Deno.test("rangeOf() covers all finite values and those to include, inside the limits", () => {
  assertEquals(rangeOf([2, 4, null, NaN], [0]), [0, 4.24]);
  assertEquals(rangeOf([-9, 9], [0, 1], [-1, 2]).map((x) => Number(x.toFixed(2))), [-1.18, 2.18]);
  assertEquals(rangeOf([], []), [-0.06, 1.06]);
  assertEquals(rangeOf([3], []), [2.44, 3.56]);
});

Deno.test("number() writes three digits, a real minus sign, and a dash for a missing number", () => {
  const cases: [number | null, string][] = [
    [0.123456, "0.123"],
    [-1234.5, "−1,235"],
    [0.00012, "1.2e−4"],
    [0, "0"],
    [null, "–"],
    [NaN, "–"],
  ];
  for (const [value, text] of cases) assertEquals(number(value), text);
  assertEquals([percent(0.8149), percent(-0.0123), percent(null)], ["81 %", "−1.2 %", "–"]);
  assertEquals([axisPercent(-0.5), shortStep(143_000), shortStep(512)], ["−50", "143k", "512"]);
  assertEquals([plural(1, "edge"), plural(1200, "edge")], ["1 edge", "1,200 edges"]);
  assertAlmostEquals(rangeOf([0, 1], [])[1], 1.06);
});

Deno.test("logScale() has several ticks within a decade, and within less", () => {
  const labels = (low: number, high: number) =>
    logScale([low, high], [0, 100], String).ticks.map(({ label }) => label);
  assertEquals(labels(2048, 6144), ["3000", "4000", "5000", "6000"]);
  assertEquals(labels(10, 10.6), ["10", "10.1", "10.2", "10.3", "10.4", "10.5", "10.6"]);
  const whole = logScale([10, 13], [0, 100], (value) => String(Math.round(value)));
  assertEquals(whole.ticks.map(({ label }) => label), ["10", "11", "12", "13"]);
  assertEquals(labels(1, 15), ["1", "2", "5", "10"]);
  const scale = logScale([2000, 8000], [0, 100], String);
  assertEquals([scale(2000), scale(4000), scale(8000)].map(Math.round), [0, 50, 100]);
});

Deno.test("rangeOf() starts at a value that it must include, even if all values are equal", () => {
  assertEquals(rangeOf([0, 0, null], [0]), [0, 1.06]);
});
