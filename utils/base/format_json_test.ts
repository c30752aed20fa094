import { assertEquals, assertThrows } from "@std/assert";
import { formatJson } from "./format_json.ts";

Deno.test("formatJson() puts rows of a matrix on one line each", () => {
  assertEquals(
    formatJson({ a: [[1, 2.5], [3, -0]], b: new Float32Array([0.5]), c: {}, d: [], e: undefined }),
    '{\n "a": [\n  [1, 2.5],\n  [3, 0]\n ],\n "b": [0.5],\n "c": {},\n "d": []\n}',
  );
});

Deno.test("formatJson() reads back to the same value and the same bytes", () => {
  const value = {
    steps: {
      "512": [0.1, 1e-7, 1e21],
      "8": { name: 'quote " and ü', nested: [{ a: null }, [true]] },
    },
    third: 1 / 3,
  };
  const text = formatJson(value);
  assertEquals(JSON.parse(text), value);
  assertEquals(formatJson(JSON.parse(text)), text);
});

Deno.test("formatJson() names the place of what JSON cannot hold", () => {
  assertThrows(() => formatJson({ scores: [[0, NaN]] }), Error, "scores[0][1] is NaN");
  assertThrows(() => formatJson({ a: { b: -Infinity } }), Error, "a.b is -Infinity");
  assertThrows(() => formatJson({ a: new Map([[1, 2]]) }), Error, "a is a Map, not plain data");
  assertThrows(() => formatJson({ a: () => 1 }), Error, "a is of type function");
});
