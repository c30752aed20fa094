import { assertAlmostEquals, assertEquals } from "@std/assert";
import { add, gemm, gradients, Graph, mean, mul, reshape, sub, sum, tensor } from "../onnx/mod.ts";
import type { Objective } from "./objective.ts";
import { clipByGlobalNorm } from "./optimiser/clip.ts";
import { chain, type OptimiserPart } from "./optimiser/part.ts";
import { scaleByRate } from "./optimiser/rate.ts";
import { trainerFrom } from "./testdata.ts";
import { WriteOrder } from "./write_order.ts";

const D = 64, ROWS = 128;

/** x·A·B, loss = ½ Σ (x·A·B)². The gradient of A is made of B. */
const twoLayers: Objective<number[]> = {
  parameters: [{ name: "A", shape: [D, D] }, { name: "B", shape: [D, D] }],
  build(g, { A, B }) {
    const x = g.input("x", [ROWS, D]);
    const y = gemm(gemm(x, A), B);
    const [dA, dB] = gradients([y], [y], [A, B]);
    return { loss: mul(sum(mul(y, y), [0, 1]), 0.5), gradients: { A: dA, B: dB } };
  },
  feeds: (x) => ({ x: tensor(Float32Array.from(x), [ROWS, D]) }),
};

const apart: OptimiserPart = { separate: ["A", "B"] };
const START = Array.from({ length: 2 * D * D }, (_, i) => Math.sin(i * i) / 8);
const batch = (t: number) => Array.from({ length: ROWS * D }, (_, i) => Math.sin(i * i + t) / 8);

/** The same steps in double precision, from old values only. */
function oracle(steps: number, rate: number): number[] {
  const product = (a: number[], b: number[], m: number, k: number, n: number) =>
    Array.from({ length: m * n }, (_, at) => {
      let total = 0;
      for (let i = 0; i < k; i++) total += a[Math.floor(at / n) * k + i] * b[i * n + at % n];
      return total;
    });
  const transposed = (a: number[], m: number, n: number) =>
    Array.from({ length: m * n }, (_, at) => a[(at % m) * n + Math.floor(at / m)]);
  let [A, B] = [START.slice(0, D * D), START.slice(D * D)];
  for (let t = 1; t <= steps; t++) {
    const x = batch(t);
    const h = product(x, A, ROWS, D, D);
    const y = product(h, B, ROWS, D, D);
    const dB = product(transposed(h, ROWS, D), y, D, ROWS, D);
    const dH = product(y, transposed(B, D, D), ROWS, D, D);
    const dA = product(transposed(x, ROWS, D), dH, D, ROWS, D);
    [A, B] = [A.map((a, i) => a - rate * dA[i]), B.map((b, i) => b - rate * dB[i])];
  }
  return [...A, ...B];
}

Deno.test("without clipping, a layer whose weights another gradient reads gets a second buffer", async () => {
  const rate = 0.05;
  const trainer = await trainerFrom(twoLayers, chain(apart, scaleByRate(() => rate)), START);
  assertEquals(trainer.secondBuffers, ["B"]);
  for (let t = 1; t <= 5; t++) await trainer.step(batch(t));
  const expected = oracle(5, rate);
  trainer.state.weights.forEach((w, i) => assertAlmostEquals(w, expected[i], 1e-5, `${i}`));
  await trainer.release();
});

Deno.test("with clipping, or in one block, every update waits for all gradients and is written in place", async () => {
  const sgd = scaleByRate(() => 0.05);
  for (const optimiser of [chain(apart, clipByGlobalNorm(1e9), sgd), chain(sgd)]) {
    const trainer = await trainerFrom(twoLayers, optimiser, START);
    assertEquals(trainer.secondBuffers, []);
    for (let t = 1; t <= 5; t++) await trainer.step(batch(t));
    const expected = oracle(5, 0.05);
    trainer.state.weights.forEach((w, i) => assertAlmostEquals(w, expected[i], 1e-5, `${i}`));
    await trainer.release();
  }
});

Deno.test("isSafe() knows late readers: metrics, views, and results that are not elementwise", () => {
  const g = new Graph();
  const w = g.input("w", [4, 4]), u = g.input("u", [4, 4]);
  const next = sub(w, u);
  const metric = mean(mul(w, w), [0, 1]);
  const view = mean(reshape(w, [16]), [0]);
  assertEquals(new WriteOrder([next]).isSafe(w, next), true);
  assertEquals(new WriteOrder([next, metric]).isSafe(w, next), false);
  assertEquals(new WriteOrder([next, view]).isSafe(w, next), false);
  assertEquals(new WriteOrder([metric, next]).isSafe(u, next), true);
  const later = add(next, metric);
  assertEquals(new WriteOrder([later, metric]).isSafe(w, later), true);
  const product = gemm(w, u);
  assertEquals(new WriteOrder([product]).isSafe(w, product), false);
  const wider = add(g.input("row", [1, 4]), u);
  assertEquals(new WriteOrder([wider]).isSafe(g.inputs.get("row")!, wider), false);
});
