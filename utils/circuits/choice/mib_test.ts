import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { cmd, cpr, MIB_SHARES, mibEdgeCounts, normalizedFaithfulness } from "./mib.ts";

Deno.test("cpr() and cmd() of a perfect circuit are 0.999 and 0", () => {
  const perfect = MIB_SHARES.map(() => 1);
  assertAlmostEquals(cpr(perfect), 0.999, 1e-12);
  assertEquals(cmd(perfect), 0);
});

Deno.test("cpr() integrates a straight line exactly, over k and over ln k", () => {
  assertAlmostEquals(cpr(MIB_SHARES), (1 - 0.001 ** 2) / 2, 1e-12);
  const line = MIB_SHARES.map((k) => 1 + Math.log(k));
  const span = Math.log(1000);
  assertAlmostEquals(cpr(line, { logScale: true }), span - span ** 2 / 2, 1e-12);
});

Deno.test("cmd() counts too much and too little the same", () => {
  assertAlmostEquals(cmd(MIB_SHARES.map((_, i) => i % 2 ? 0.75 : 1.25)), 0.25 * 0.999, 1e-12);
});

Deno.test("mibEdgeCounts() rounds down", () => {
  assertEquals(mibEdgeCounts(32_491), [32, 64, 162, 324, 649, 1624, 3249, 6498, 16245, 32491]);
});

Deno.test("normalizedFaithfulness() is 1 for the whole model and 0 for the empty circuit", () => {
  assertEquals(normalizedFaithfulness(4, 4, -2), 1);
  assertEquals(normalizedFaithfulness(-2, 4, -2), 0);
  assertEquals(normalizedFaithfulness(7, 4, -2), 1.5);
});

Deno.test("cpr() rejects another number of values", () => {
  assertThrows(() => cpr([1, 2]), Error, "found 2");
});
