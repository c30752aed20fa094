/** Tests shards of a run: they share out all steps. */
import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../base/mod.ts";
import { parseShard, shardOf } from "./shard.ts";

Deno.test("shards share out all steps, each to one, in sizes that differ by one at most", () => {
  const steps = Array.from({ length: 18 }, (_, i) => 2 ** i);
  for (const  of of[1, 4, 8, 18, 20]) {
    const parts = Array.from({ length: of }, (_, i) => shardOf(steps, { index: i + 1, of }));
    assertEquals(parts.flat().sort((a, b) => a - b), steps);
    const sizes = parts.map(({ length }) => length);
    assertEquals(Math.max(...sizes) - Math.min(...sizes) <= 1, true);
  }
  assertEquals(shardOf(steps, parseShard("2/8", false)), [steps[1], steps[9], steps[17]]);
  assertEquals(shardOf(steps, parseShard(undefined, true)), steps);
});

Deno.test("a shard that is not i/n, or that starts from scratch, is refused", () => {
  for (const text of ["0/8", "9/8", "2", "2/", "a/b", "1/0", "-1/8", "1.5/3", "1/8 "]) {
    assertThrows(() => parseShard(text, false), UserError, "expected i/n");
  }
  assertThrows(() => parseShard("1/8", true), UserError, "from scratch");
});
