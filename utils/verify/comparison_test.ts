import { assert, assertEquals, assertThrows } from "@std/assert";
import { findQuantity, relativeError } from "./comparison.ts";
import type { Quantity } from "./reference_case.ts";

const f32 = (...values: number[]) => Float32Array.from(values);

Deno.test("relativeError() is relative to the largest reference value", () => {
  assertEquals(relativeError(f32(1, -4, 2.5), f32(1, -4, 2)), 0.125);
  assertEquals(relativeError(f32(0.5), f32(0)), 0.5);
});

Deno.test("relativeError() ignores what is not compared", () => {
  assertEquals(relativeError(f32(1, 99), f32(1, 2), Uint8Array.of(1, 0)), 0);
});

Deno.test("relativeError() is infinite for values that are not finite", () => {
  assertEquals(relativeError(f32(NaN, 1), f32(1, 1)), Infinity);
  assertEquals(relativeError(f32(Infinity), f32(1)), Infinity);
});

Deno.test("relativeError() rejects another number of values", () => {
  assertThrows(() => relativeError(f32(1, 2), f32(1)), Error, "found 2 values computed");
});

Deno.test("findQuantity() finds whole names and names with a star", () => {
  const named = (name: string): Quantity => ({
    name,
    tolerance: 0,
    compute: () => Promise.resolve(undefined),
  });
  const registry = [named("logits.clean"), named("circuit.*.logit_diff")];
  assertEquals(findQuantity(registry, "logits.clean"), registry[0]);
  assertEquals(findQuantity(registry, "circuit.greedy_60.logit_diff"), registry[1]);
  for (const key of ["logits", "circuit.a.b.logit_diff", "circuit..logit_diff", "circuit.a.x"]) {
    assert(findQuantity(registry, key) === undefined, key);
  }
});
