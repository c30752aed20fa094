import { assertEquals } from "@std/assert";
import { abilityOf, doesTask } from "./ability.ts";

const of = (length: number, value: (i: number) => number) =>
  Array.from({ length }, (_, i) => value(i));
const options = { resamples: 400, seed: 1 };

Deno.test("abilityOf() asks for a positive metric on most prompts, beyond chance", () => {
  const able = (metric: number[]) => abilityOf(metric, options).able;
  assertEquals(able(of(24, (i) => 1 + i % 3)), true);
  // right on half of the prompts, with a large mean
  assertEquals(able(of(24, (i) => i % 2 ? 9 : -1)), false);
  // right on most prompts, with a negative mean
  assertEquals(able(of(24, (i) => i % 4 ? 0.1 : -9)), false);
});

Deno.test("abilityOf() asks for a rise above corrupted prompts, by more than the least rise", () => {
  const clean = of(24, (i) => 1 + i % 3);
  const able = (corrupted: number[], leastRise?: number) =>
    abilityOf(clean, { ...options, corrupted, leastRise }).able;
  assertEquals(able(clean), false);
  // rises by exactly 0.4 on every prompt, so its interval is [0.4, 0.4]
  const lower = clean.map((value) => value - 0.4);
  assertEquals(able(lower), true);
  assertEquals(able(lower, 0.39), true);
  assertEquals(able(lower, 0.41), false);
  // rises by 0.1 on average, within the noise over prompts: the interval of the mean holds 0
  assertEquals(able(clean.map((value, i) => value - 0.1 + (i % 2 ? 3 : -3))), false);
});

Deno.test("abilityOf() gives the same interval with and without corrupted prompts", () => {
  const clean = of(30, (i) => Math.sin(i));
  const { interval } = abilityOf(clean, options);
  assertEquals(abilityOf(clean, { ...options, corrupted: of(30, Math.cos) }).interval, interval);
});

Deno.test("doesTask() judges by what is known", () => {
  assertEquals(doesTask({ metric: 0.1 }), true);
  assertEquals(doesTask({ metric: 0 }), false);
  assertEquals(doesTask({ metric: 3, share: 0.5 }), false);
  assertEquals(doesTask({ metric: 3, rise: 0.5 }, 0.5), false);
  assertEquals(doesTask({ metric: 3, rise: 0.6 }, 0.5), true);
});
