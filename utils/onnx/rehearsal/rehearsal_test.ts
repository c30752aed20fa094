import { assertEquals, assertGreater } from "@std/assert";
import {
  add,
  gemm,
  Graph,
  matmul,
  mul,
  Rehearsal,
  rehearsedSeconds,
  reshape,
  runCost,
  Session,
  symbolSizes,
  tensor,
} from "../mod.ts";

const zeros = (...shape: number[]) =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);

/** A layer with a batched product and a transposed Gemm, as the models have them. */
function layer() {
  const g = new Graph();
  const x = g.input("x", ["n", "p", 8]), w = g.input("w", [8, 4]), v = g.input("v", [5, 4]);
  const hidden = matmul(x, w);
  const rows = reshape(hidden, ["n*p", 4]);
  return { hidden, out: gemm(rows, v, false, true), scores: matmul(hidden, reshape(w, [4, 8])) };
}

Deno.test("products are counted as a loop over their elements counts them", async () => {
  const { out, scores } = layer();
  const rehearsal = new Rehearsal();
  const session = await Session.compile({ out, scores }, {}, { rehearsal });
  const feeds = { x: zeros(3, 7, 8), w: zeros(8, 4), v: zeros(5, 4) };
  const results = await session.run(feeds);
  assertEquals([results.out.shape, results.scores.shape], [[21, 5], [3, 7, 8]]);
  let counted = 0; // a multiplication and an addition for each term of each element
  for (let row = 0; row < 3 * 7; row++) {
    for (let j = 0; j < 4; j++) for (let i = 0; i < 8; i++) counted += 2;
    for (let j = 0; j < 5; j++) for (let i = 0; i < 4; i++) counted += 2;
    for (let j = 0; j < 8; j++) for (let i = 0; i < 4; i++) counted += 2;
  }
  assertEquals(rehearsal.runs.map(({ count, cost }) => [count, cost.flops]), [[1, counted]]);
});

Deno.test("results have the shapes and types that a real run gives", async () => {
  const g = new Graph();
  const x = g.input("x", ["n", "p", 6]);
  const outputs = {
    sum: add(x, 1),
    flat: reshape(x, ["n*p", 6]),
    square: mul(x, x),
  };
  const feeds = { x: zeros(2, 5, 6) };
  const real = await Session.compile(outputs);
  const rehearsed = await Session.compile(outputs, {}, { rehearsal: new Rehearsal() });
  const shapes = (results: Record<string, { shape: number[]; dtype: string }>) =>
    Object.entries(results).map(([name, { shape, dtype }]) => [name, shape, dtype]);
  assertEquals(shapes(await rehearsed.run(feeds)), shapes(await real.run(feeds)));
  await real.release();
});

Deno.test("inner values count while a later node reads them", async () => {
  const g = new Graph();
  let x = g.input("x", ["n"]);
  for (let i = 1; i <= 3; i++) x = add(x, i);
  const session = await Session.compile({ x }, {}, { rehearsal: new Rehearsal() });
  const sizes = symbolSizes(session.model.inputs, { x: zeros(100) });
  // the second addition reads the first one's result and writes its own; the third writes a result
  assertEquals(runCost(session.model, sizes).inner, 2 * 4 * 100);
  assertEquals(runCost(session.model, sizes).moved, 3 * 2 * 4 * 100);
});

Deno.test("runs count as often as the work will be done, and their time with them", async () => {
  const { out } = layer();
  const rehearsal = new Rehearsal();
  const session = await Session.compile({ out }, {}, { rehearsal, threads: 1 });
  rehearsal.times = 50;
  for (const n of [2, 2, 3]) {
    await session.run({ x: zeros(n, 7, 8), w: zeros(8, 4), v: zeros(5, 4) });
  }
  assertEquals(rehearsal.runs.map(({ count }) => count), [100, 50]);
  const { seconds, flops, measured } = await rehearsedSeconds(rehearsal.runs, { budgetMs: 3000 });
  assertEquals(flops, 50 * (2 + 2 + 3) * 7 * (2 * 8 * 4 + 2 * 4 * 5));
  assertGreater(seconds, 0);
  assertGreater(measured, 0);
});
