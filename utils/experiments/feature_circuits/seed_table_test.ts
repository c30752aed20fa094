import { assertEquals } from "@std/assert";
import { withRange } from "./seed_table.ts";
import { withInterval } from "./tables.ts";

Deno.test("withRange() shows the mean, and the range of several values", () => {
  assertEquals(withRange([0.1, undefined, 0.4]), "0.25 [0.10, 0.40]");
  assertEquals(withRange([undefined, 0.4]), "0.40");
  assertEquals(withRange([undefined]), undefined);
});

Deno.test("withInterval() shows as many digits as asked for", () => {
  assertEquals(withInterval({ mean: 12.34, interval: [-1, 20.06] }, 1), "12.3 [-1.0, 20.1]");
});
