import { assertEquals } from "@std/assert";
import { gapsOf } from "./hatch.ts";

Deno.test("gapsOf() reaches halfway to marked points, and to the ends of the axis", () => {
  const places = [10, 20, 40, 80];
  const of = (...marked: boolean[]) => gapsOf(marked, places, [0, 100]);
  assertEquals(of(true, true, true, true), []);
  assertEquals(of(false, false, true, true), [[0, 30]]);
  assertEquals(of(true, false, true, false), [[15, 30], [60, 100]]);
  assertEquals(of(false, false, false, false), [[0, 100]]);
  assertEquals(gapsOf([false], [50], [0, 100]), [[0, 100]]);
});
