import { assertEquals } from "@std/assert";
import { settingDifferences } from "./setting_differences.ts";

Deno.test("settingDifferences() names each key that differs, with short values", () => {
  assertEquals(settingDifferences({ a: 1, b: [1] }, { b: [1], a: 1 }), []);
  assertEquals(settingDifferences({ a: 1, c: null }, { a: 2, b: "x" }), [
    "a is 1 there and 2 here",
    'b is not set there and "x" here',
    "c is null there and not set here",
  ]);
  assertEquals(settingDifferences({ toString: 1 }, {}), ["toString is 1 there and not set here"]);
  const [long] = settingDifferences({ a: "x".repeat(1000) }, { a: 1 });
  assertEquals(long.length, "a is  there and 1 here".length + 200);
});

Deno.test("settingDifferences() names the first of very many keys, and shortens long names", () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, i]));
  const all = settingDifferences({ ...many, ["x".repeat(500)]: 1 }, {});
  assertEquals(all.length, 13);
  assertEquals(all[1], "k1 is 1 there and not set here");
  assertEquals(all.at(-1), "and 29 more keys");
  assertEquals(settingDifferences({ ["x".repeat(500)]: 1 }, {}), [
    `${"x".repeat(59)}… is 1 there and not set here`,
  ]);
});
