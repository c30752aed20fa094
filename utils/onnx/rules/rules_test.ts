import { assert, assertEquals } from "@std/assert";
import {
  abs,
  add,
  cast,
  concat,
  div,
  exp,
  expand,
  gather,
  gatherElements,
  gemm,
  gradients,
  Graph,
  identity,
  log,
  logSoftmax,
  matmul,
  max,
  maximum,
  mean,
  min,
  mul,
  neg,
  pow,
  reciprocal,
  relu,
  reshape,
  scatterAdd,
  Session,
  sigmoid,
  sign,
  slice,
  softmax,
  split,
  sqrt,
  squeeze,
  sub,
  sum,
  swapLast,
  tanh,
  tensor,
  topK,
  transpose,
  unsqueeze,
  Value,
  where,
} from "../mod.ts";
import { GRADIENT_RULES, RULE_FAMILIES } from "../rules/mod.ts";
import { random } from "../testing/mod.ts";

/** A function under test: builds outputs from inputs of the given shapes. */
interface Case {
  op: string;
  name?: string;
  shapes: number[][];
  build: (...inputs: Value[]) => Value[];
  /** inputs are drawn from (low, high), away from kinks */
  range?: [number, number];
}

const ids = (g: Graph, list: number[], shape: number[]) => g.constant(list, shape, "int64");

const CASES: Case[] = [
  { op: "Add", shapes: [[2, 3], [3]], build: (a, b) => [add(a, b)] },
  { op: "Sub", shapes: [[2, 1], [4, 1, 3]], build: (a, b) => [sub(a, b)] },
  { op: "Mul", shapes: [[2, 3], [2, 1]], build: (a, b) => [mul(a, b)] },
  { op: "Mul", name: "Mul with itself", shapes: [[5]], build: (a) => [mul(a, mul(a, a))] },
  { op: "Div", shapes: [[2, 3], [3]], build: (a, b) => [div(a, b)], range: [0.5, 2] },
  { op: "Max", shapes: [[6], [6]], build: (a, b) => [max(a, b)] },
  { op: "Min", shapes: [[2, 3], [3]], build: (a, b) => [min(a, b)] },
  { op: "Pow", shapes: [[4]], build: (a) => [pow(a, 3), pow(a, -0.5)], range: [0.5, 2] },
  { op: "Neg", shapes: [[3]], build: (a) => [neg(a)] },
  { op: "Exp", shapes: [[3]], build: (a) => [exp(a)] },
  { op: "Log", shapes: [[3]], build: (a) => [log(a)], range: [0.5, 2] },
  { op: "Sqrt", shapes: [[3]], build: (a) => [sqrt(a)], range: [0.5, 2] },
  { op: "Reciprocal", shapes: [[3]], build: (a) => [reciprocal(a)], range: [0.5, 2] },
  { op: "Abs", shapes: [[4]], build: (a) => [abs(a)], range: [-2, -0.5] },
  { op: "Sign", shapes: [[4]], build: (a) => [mul(sign(a), a), sign(a)] },
  { op: "Tanh", shapes: [[3]], build: (a) => [tanh(a)] },
  { op: "Sigmoid", shapes: [[3]], build: (a) => [sigmoid(a)] },
  { op: "Relu", shapes: [[2, 2]], build: (a) => [relu(a), relu(neg(a))], range: [0.5, 2] },
  { op: "Identity", shapes: [[3]], build: (a) => [identity(a)] },
  { op: "Cast", shapes: [[3]], build: (a) => [cast(cast(a, "float64"), "float64"), a] },
  {
    op: "Where",
    shapes: [[2, 3], [3]],
    build: (a, b) => [where(a.graph.constant([1, 0, 1, 0, 0, 1], [2, 3], "bool"), a, b)],
  },
  { op: "MatMul", shapes: [[2, 3, 4], [4, 5]], build: (a, b) => [matmul(a, b)] },
  {
    op: "MatMul",
    name: "MatMul with broadcast leading axes",
    shapes: [[2, 1, 3, 4], [5, 4, 2]],
    build: (a, b) => [matmul(a, b)],
  },
  { op: "Gemm", shapes: [[3, 4], [4, 5]], build: (a, b) => [gemm(a, b)] },
  {
    op: "Gemm",
    name: "Gemm a·bᵀ",
    shapes: [[3, 4], [5, 4]],
    build: (a, b) => [gemm(a, b, false, true)],
  },
  {
    op: "Gemm",
    name: "Gemm aᵀ·b",
    shapes: [[4, 3], [4, 5]],
    build: (a, b) => [gemm(a, b, true, false)],
  },
  {
    op: "Gemm",
    name: "Gemm aᵀ·bᵀ",
    shapes: [[4, 3], [5, 4]],
    build: (a, b) => [gemm(a, b, true, true)],
  },
  {
    op: "Gemm",
    name: "Gemm a·b + row",
    shapes: [[3, 4], [4, 5], [5]],
    build: (a, b, c) => [gemm(a, b, false, false, c)],
  },
  { op: "ReduceSum", shapes: [[2, 3, 4]], build: (a) => [sum(a, [0, 2]), sum(a, [1], true)] },
  { op: "ReduceMean", shapes: [[2, 3, 4]], build: (a) => [mean(a, [-1], true), mean(a, [0, 1])] },
  {
    op: "ReduceMax",
    shapes: [[2, 3, 4]],
    build: (a) => [maximum(a, [-1]), maximum(a, [0, 2], true)],
  },
  {
    op: "TopK",
    shapes: [[3, 5]],
    build: (a) => [topK(a, 2).values, topK(a, 2, { axis: 0, largest: false }).values],
  },
  {
    op: "TopK",
    name: "TopK twice differentiable: squares of the largest",
    shapes: [[2, 4]],
    build: (a) => {
      const { values } = topK(a, 2);
      const g = a.graph.constant(1, [], "float64");
      return gradients([mul(values, values)], [expand(g, [2, 2])], [a]);
    },
  },
  { op: "Softmax", shapes: [[2, 5]], build: (a) => [softmax(a), softmax(a, 0)] },
  { op: "LogSoftmax", shapes: [[2, 5]], build: (a) => [logSoftmax(a)] },
  { op: "Reshape", shapes: [[2, 6]], build: (a) => [reshape(a, [3, 4])] },
  { op: "Squeeze", shapes: [[2, 1, 3]], build: (a) => [squeeze(a, 1)] },
  { op: "Unsqueeze", shapes: [[2, 3]], build: (a) => [unsqueeze(a, 1)] },
  { op: "Transpose", shapes: [[2, 3, 4]], build: (a) => [transpose(a, [2, 0, 1]), swapLast(a)] },
  { op: "Expand", shapes: [[3, 1]], build: (a) => [expand(a, [2, 3, 4])] },
  { op: "Slice", shapes: [[2, 5]], build: (a) => [slice(a, 1, 1, 4), slice(a, 0, 0, 1)] },
  { op: "Split", shapes: [[2, 5]], build: (a) => [split(a, 1, [2, 3])[1]] },
  { op: "Concat", shapes: [[2, 2], [2, 3]], build: (a, b) => [concat([a, b, a], 1)] },
  {
    op: "Gather",
    shapes: [[4, 3]],
    build: (a) => [gather(a, ids(a.graph, [1, 1, 3, 0], [2, 2]))],
  },
  {
    op: "Gather",
    name: "Gather along an inner axis",
    shapes: [[2, 4, 3]],
    build: (a) => [
      gather(a, ids(a.graph, [1, 1, 3, 0], [2, 2]), 1),
      gather(a, ids(a.graph, [2, 2], [2]), 2),
    ],
  },
  {
    op: "GatherElements",
    shapes: [[2, 4]],
    build: (a) => [gatherElements(a, ids(a.graph, [0, 0, 3, 2, 1, 2], [2, 3]), 1)],
  },
  {
    op: "ScatterElements",
    shapes: [[2, 4], [2, 3]],
    build: (a, b) => [scatterAdd(a, ids(a.graph, [0, 0, 3, 2, 1, 2], [2, 3]), b, 1)],
  },
];

/** ONNX Runtime has no double kernel for these; they are tested in `float32_rules_test.ts`. */
const FLOAT32_ONLY = [
  "Erf",
  "Gelu",
  "HardSigmoid",
  "LayerNormalization",
  "RotaryEmbedding",
  "SimplifiedLayerNormalization",
];

const RANGE: [number, number] = [-1.5, 1.5];

for (const { op, name, shapes, build, range = RANGE } of CASES) {
  Deno.test(`gradients() of ${name ?? op} equals central differences in double precision`, async () => {
    const g = new Graph();
    const inputs = shapes.map((shape, i) => g.input(`x${i}`, shape, "float64"));
    const outputs = build(...inputs);
    const weights = outputs.map((o, i) => random(o.shape as number[], [-1, 1], 77 + i));
    const cotangents = outputs.map((o, i) => g.constant(weights[i], o.shape as number[]));
    const grads = gradients(outputs, cotangents, inputs);
    const named = Object.fromEntries([
      ...outputs.map((o, i) => [`y${i}`, o]),
      ...grads.map((d, i) => [`d${i}`, d]),
    ]);
    const session = await Session.compile(named);
    const values = shapes.map((shape, i) => random(shape, range, i + 1));
    const run = (xs: Float64Array[]) =>
      session.run(Object.fromEntries(xs.map((x, i) => [`x${i}`, tensor(x, shapes[i])])));
    const loss = async (xs: Float64Array[]) => {
      const out = await run(xs);
      return weights.reduce(
        (s, w, i) => s + w.reduce((t, wi, j) => t + wi * out[`y${i}`].data[j], 0),
        0,
      );
    };
    const result = await run(values);
    const h = 1e-5;
    for (let i = 0; i < shapes.length; i++) {
      assertEquals(result[`d${i}`].shape, shapes[i]);
      for (let j = 0; j < values[i].length; j++) {
        const shifted = (by: number) =>
          loss(values.map((v, k) => k === i ? v.with(j, v[j] + by) : v));
        const difference = (await shifted(h) - await shifted(-h)) / (2 * h);
        const ours = result[`d${i}`].data[j];
        assert(
          Math.abs(ours - difference) <= 1e-8 + 1e-7 * Math.abs(difference),
          `input ${i}[${j}]: gradient ${ours}, difference ${difference}`,
        );
      }
    }
    await session.release();
  });
}

Deno.test("No operator has a rule in two families", () => {
  const named = RULE_FAMILIES.flatMap((family) => Object.keys(family));
  assertEquals(named.toSorted(), Object.keys(GRADIENT_RULES).toSorted());
});

Deno.test("gradients() has a tested rule for every operator of the table", () => {
  const tested = new Set([...CASES.map((c) => c.op), ...FLOAT32_ONLY]);
  const untested = Object.keys(GRADIENT_RULES).filter((op) => !tested.has(op));
  assertEquals(untested, []);
});
