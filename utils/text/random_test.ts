import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  chance,
  hashText,
  integer,
  mix,
  pickDistinct,
  type Rng,
  rngFor,
  weightedIndex,
} from "./random.ts";

const draws = (rng: Rng, count: number) =>
  Array.from({ length: count }, () => integer(rng, 0, 1e9));

Deno.test("rngFor() gives the same draws for the same numbers and others for any changed number", () => {
  const first = draws(rngFor(1, 2, 3), 5);
  assertEquals(draws(rngFor(1, 2, 3), 5), first);
  for (const other of [[0, 2, 3], [1, 3, 2], [1, 2, 4], [1, 2]]) {
    assertNotEquals(draws(rngFor(...other), 5), first);
  }
});

Deno.test("mix() spreads neighbouring rows and steps over distinct seeds", () => {
  const seeds = new Set<number>();
  for (let step = 0; step < 100; step++) {
    for (let row = 0; row < 100; row++) seeds.add(mix(7, 0, step, row));
  }
  assert(seeds.size >= 9_998, `${seeds.size} distinct seeds of 10,000`);
});

Deno.test("hashText() is 32-bit FNV-1a", () => {
  // Test vectors published with the algorithm (Fowler, Noll, Vo).
  assertEquals(hashText(""), 0x811c9dc5);
  assertEquals(hashText("a"), 0xe40c292c);
  assertEquals(hashText("foobar"), 0xbf9cf968);
});

Deno.test("weightedIndex() and chance() follow their weights within four standard errors", () => {
  const rng = rngFor(5);
  const n = 40_000;
  const counts = [0, 0, 0];
  let hits = 0;
  for (let i = 0; i < n; i++) {
    counts[weightedIndex(rng, [1, 0, 3])]++;
    if (chance(rng, 0.2)) hits++;
  }
  assertEquals(counts[1], 0);
  assert(Math.abs(counts[2] / n - 0.75) < 4 * Math.sqrt(0.75 * 0.25 / n));
  assert(Math.abs(hits / n - 0.2) < 4 * Math.sqrt(0.2 * 0.8 / n));
});

Deno.test("pickDistinct() never repeats, reaches every order, and refuses too short a list", () => {
  const rng = rngFor(6);
  const orders = new Set<string>();
  for (let i = 0; i < 200; i++) orders.add(pickDistinct(rng, ["a", "b", "c"], 3).join(""));
  assertEquals([...orders].sort(), ["abc", "acb", "bac", "bca", "cab", "cba"]);
  assertThrows(() => pickDistinct(rng, ["a"], 2), Error, "2 distinct");
});
