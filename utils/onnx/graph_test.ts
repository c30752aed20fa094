import { assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  add,
  cast,
  concat,
  expand,
  gather,
  gemm,
  gradients,
  Graph,
  identity,
  layerNorm,
  linear,
  matmul,
  mean,
  mul,
  productDim,
  reshape,
  rotaryEmbedding,
  slice,
  softmax,
  split,
  squeeze,
  sum,
  swapLast,
  transpose,
  unsqueeze,
  Value,
  where,
} from "./mod.ts";
import { buildModel } from "./model.ts";
import { broadcast, sumDim } from "./shapes.ts";

Deno.test("Values know the shape that their operator gives them, symbols included", () => {
  const g = new Graph();
  const x = g.input("x", ["batch", "pos", 6]);
  const w = g.input("w", [4, 6]), v = g.input("v", [6]);
  assertEquals(add(x, v).shape, ["batch", "pos", 6]);
  assertEquals(matmul(x, swapLast(w)).shape, ["batch", "pos", 4]);
  assertEquals(linear(x, w, true).shape, ["batch", "pos", 4]);
  assertEquals(transpose(x, [2, 0, 1]).shape, [6, "batch", "pos"]);
  assertEquals(reshape(x, ["batch", "pos", 2, 3]).shape, ["batch", "pos", 2, 3]);
  assertEquals(unsqueeze(x, -1).shape, ["batch", "pos", 6, 1]);
  assertEquals(squeeze(unsqueeze(x, 1), 1).shape, ["batch", "pos", 6]);
  assertEquals(slice(x, 2, 1, 5).shape, ["batch", "pos", 4]);
  assertEquals(split(x, 2, [1, 5]).map((part) => part.shape[2]), [1, 5]);
  assertEquals(concat([x, x], 1).shape, ["batch", "pos+pos", 6]);
  assertEquals(sum(x, [0, 2]).shape, ["pos"]);
  assertEquals(mean(x, [-1], true).shape, ["batch", "pos", 1]);
  assertEquals(gather(v, g.input("ids", ["rows", 2], "int32")).shape, ["rows", 2]);
  assertEquals(layerNorm(x, v, v, 1e-5).inverseScale.shape, ["batch", "pos", 1]);
  assertEquals(cast(x, "float64").dtype, "float64");
});

Deno.test("broadcast() joins numbers, ones and equal symbols, and nothing else", () => {
  assertEquals(broadcast("Add", ["batch", 1, 3], ["pos", 1]), ["batch", "pos", 3]);
  assertEquals(broadcast("Add", [], [2]), [2]);
  assertThrows(() => broadcast("Add", ["batch"], ["pos"]), Error, "Add: shapes [batch] and [pos]");
  assertThrows(() => broadcast("Mul", [2], [3]), Error, "Mul: shapes [2] and [3]");
});

Deno.test("Products and sums of dimensions are numbers where they can be", () => {
  assertEquals(productDim([2, 3]), 6);
  assertEquals(productDim(["batch", 2, "pos", 3]), "batch*pos*6");
  assertEquals(sumDim([2, 3]), 5);
  assertEquals(sumDim(["past", 0, "pos"]), "past+pos");
});

Deno.test("Operators refuse what does not fit, naming operator and values", () => {
  const g = new Graph();
  const a = g.input("a", [2, 3]), b = g.input("b", [4, 5]);
  const flags = g.input("flags", [2, 3], "bool");
  assertThrows(() => matmul(a, b), Error, "MatMul: a: float32[2, 3] and b: float32[4, 5]");
  assertThrows(() => gemm(a, b), Error, "Gemm");
  const square = (addend: Value) => gemm(a, swapLast(a), false, false, addend);
  assertThrows(() => square(b), Error, "Gemm: shapes [2, 2] and [4, 5]");
  assertThrows(() => square(g.input("c", [3, 2, 2])), Error, "does not broadcast to [2, 2]");
  assertThrows(() => add(a, flags), Error, "element types differ");
  assertThrows(() => where(a, a, a), Error, "condition must be bool");
  assertThrows(() => transpose(a, [0]), Error, "permutation [0]");
  assertThrows(() => slice(a, 1, 0, 4), RangeError, "0…4");
  assertThrows(() => split(a, 1, [1, 1]), RangeError, "[1,1]");
  assertThrows(() => squeeze(a, 0), Error, "not of length 1");
  assertThrows(() => concat([a, b], 0), Error, "Concat along axis 0");
  assertThrows(() => sum(a, [2]), RangeError, "axis 2 of a rank 2");
  assertThrows(() => rotaryEmbedding(a, b, b), Error, "RotaryEmbedding");
});

Deno.test("A graph refuses a name twice, a foreign value, and a constant of another size", () => {
  const g = new Graph(), other = new Graph();
  const x = g.input("x", [2]);
  assertThrows(() => g.input("x", [3]), Error, 'already has an input "x"');
  assertThrows(() => add(x, other.input("y", [2])), Error, "belongs to another graph");
  assertThrows(() => g.constant([1, 2, 3], [2]), RangeError, "given 3 elements");
});

Deno.test("buildModel() keeps only what the outputs need, and stops at cuts", () => {
  const g = new Graph();
  const x = g.input("x", ["n"]), unused = g.input("unused", ["n"]);
  const inner = mul(x, x);
  const y = add(inner, 1);
  add(unused, 2);
  const whole = buildModel({ y });
  assertEquals([...whole.inputs.keys()], ["x"]);
  assertEquals(Object.fromEntries(whole.operators), { Mul: 1, Add: 1 });
  const rest = buildModel({ y }, { given: inner });
  assertEquals([...rest.inputs.keys()], ["given"]);
  assertEquals(Object.fromEntries(rest.operators), { Add: 1 });
});

Deno.test("Operators that change nothing add no node", () => {
  const g = new Graph();
  const x = g.input("x", ["n", 3]);
  assertEquals(reshape(x, ["n", 3]), x);
  assertEquals(transpose(x, [0, 1]), x);
  assertEquals(expand(x, ["n", 3]), x);
  assertEquals(slice(x, 1, 0, 3), x);
  assertEquals(concat([x], 0), x);
  assertEquals(cast(x, "float32"), x);
  assertEquals(g.nodes.length, 0);
});

Deno.test("The same operator on the same values is one node, Identity excepted", () => {
  const g = new Graph();
  const x = g.input("x", ["n", 4]);
  const norm = () => layerNorm(x, g.constant([1, 1, 1, 1]), g.constant([0, 0, 0, 0]), 1e-5).output;
  assertStrictEquals(norm(), norm());
  assertEquals(g.nodes.length, 1);
  assertStrictEquals(add(x, 1), add(x, 1));
  assertNotStrictEquals(add(x, 1), add(x, 2));
  assertNotStrictEquals(softmax(x, 0), softmax(x, 1));
  assertNotStrictEquals(identity(x), identity(x));
});

Deno.test("gradients() differentiates what two uses share once, from the sum of their cotangents", () => {
  const g = new Graph();
  const x = g.input("x", [2, 4]);
  const norm = () => layerNorm(x, g.constant([1, 1, 1, 1]), g.constant([0, 0, 0, 0]), 1e-5).output;
  const [a, b] = [mul(norm(), 2), mul(norm(), 3)];
  gradients([add(a, b)], [g.input("g", [2, 4])], [x]);
  const backward = g.nodes.filter(({ op }) => op === "ReduceMean");
  assertEquals(backward.length, 2);
});
