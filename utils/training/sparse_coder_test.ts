/** Trains a small sparse coder, with all that transcoders need from training. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  add,
  gemm,
  gradients,
  greater,
  maximum,
  mean,
  mul,
  relu,
  sub,
  sum,
  tensor,
  where,
} from "../onnx/mod.ts";
import type { Objective } from "./objective.ts";
import { scaleByAdam } from "./optimiser/adam.ts";
import { chain } from "./optimiser/part.ts";
import { scaleByRate } from "./optimiser/rate.ts";
import { tangentToRows, unitRows } from "./optimiser/unit_rows.ts";
import { trainerFrom } from "./testdata.ts";

const D = 6, F = 10, ROWS = 5;
const SIZES = { W_enc: D * F, b_enc: F, W_dec: F * D, b_dec: D };
/** The penalty rises over the first 10 steps. */
const penalty = (t: number) => 0.01 * Math.min(1, t / 10);

/** ½ mean ‖a·W_dec + b_dec − x‖² + λ mean Σ a, a = relu(x·W_enc + b_enc); carries the steps since each feature fired. */
const coder: Objective<number[]> = {
  parameters: [
    { name: "W_enc", shape: [D, F] },
    { name: "b_enc", shape: [F] },
    { name: "W_dec", shape: [F, D] },
    { name: "b_dec", shape: [D] },
  ],
  carried: [{ name: "steps_since_fired", shape: [F] }],
  build(g, p, { steps_since_fired }) {
    const x = g.input("x", [ROWS, D]);
    const a = relu(gemm(x, p.W_enc, false, false, p.b_enc));
    const error = sub(gemm(a, p.W_dec, false, false, p.b_dec), x);
    const fit = mul(sum(mul(error, error), [0, 1]), 0.5 / ROWS);
    const sparsity = mul(sum(a, [0, 1]), mul(g.input("lambda", []), 1 / ROWS));
    const loss = add(fit, sparsity);
    const wrt = Object.values(p);
    const found = gradients([loss], [g.constant(1)], wrt);
    const fired = greater(maximum(a, [0]), 0);
    const since = where(fired, 0, add(steps_since_fired, 1));
    return {
      loss,
      gradients: Object.fromEntries(Object.keys(p).map((name, i) => [name, found[i]])),
      metrics: { dead: mean(where(greater(since, 3), g.constant(1), 0), [0]) },
      carried: { steps_since_fired: since },
    };
  },
  feeds: (x, t) => ({
    x: tensor(Float32Array.from(x), [ROWS, D]),
    lambda: tensor(Float32Array.of(penalty(t)), []),
  }),
};

const noise = (i: number) => Math.sin(12.9898 * (i + 1) * (i + 7));
const batch = (t: number) => Array.from({ length: ROWS * D }, (_, i) => noise(i + 31 * t));
const unit = (row: number[]) => row.map((x) => x / Math.hypot(...row));
const rowsOf = (w: number[]) => Array.from({ length: F }, (_, f) => w.slice(f * D, (f + 1) * D));

/** The parameters by name from the flat vector. */
function byName(weights: ArrayLike<number>): Record<keyof typeof SIZES, number[]> {
  let at = 0;
  const parts = Object.entries(SIZES).map(([name, size]) => {
    at += size;
    return [name, Array.from(weights).slice(at - size, at)];
  });
  return Object.fromEntries(parts);
}

/** Activations `[row][feature]`. */
function activations(w: ReturnType<typeof byName>, x: number[]): number[][] {
  return Array.from(
    { length: ROWS },
    (_, r) =>
      w.b_enc.map((b, f) =>
        Math.max(0, x.slice(r * D, (r + 1) * D).reduce((s, v, d) => s + v * w.W_enc[d * F + f], b))
      ),
  );
}

Deno.test("a sparse coder trains with unit decoder rows, counts dead features, and needs a second buffer for W_dec", async () => {
  const start = Array.from(
    { length: Object.values(SIZES).reduce((a, b) => a + b) },
    (_, i) => noise(i) / 2,
  );
  const w = byName(start);
  const W_dec = rowsOf(w.W_dec).flatMap(unit);
  const b_enc = w.b_enc.map((_, f) => f < 2 ? -100 : 0); // two features that never fire
  const names = ["W_dec"];
  const optimiser = chain(
    tangentToRows(names),
    scaleByAdam({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
    scaleByRate(() => 0.01),
    unitRows(names),
  );
  const trainer = await trainerFrom(
    coder,
    optimiser,
    [...w.W_enc, ...b_enc, ...W_dec, ...w.b_dec],
  );
  assertEquals(trainer.secondBuffers, ["W_dec"]);
  const since = new Array(F).fill(0);
  const losses: number[] = [];
  for (let t = 1; t <= 80; t++) {
    const x = batch(t % 4);
    const before = byName(trainer.state.weights);
    const a = activations(before, x);
    since.forEach((n, f) => since[f] = a.some((row) => row[f] > 0) ? 0 : n + 1);
    const expected = a.reduce((total, row, r) => {
      const error = before.b_dec.map((b, d) =>
        row.reduce((s, v, f) => s + v * before.W_dec[f * D + d], b) - x[r * D + d]
      );
      const l1 = row.reduce((s, v) => s + v, 0);
      return total + (error.reduce((s, e) => s + e * e / 2, 0) + penalty(t) * l1) / ROWS;
    }, 0);
    const { loss, metrics } = await trainer.step(x);
    assertAlmostEquals(loss, expected, 1e-4, `step ${t}`);
    assertAlmostEquals(metrics.dead, since.filter((n) => n > 3).length / F, 1e-6);
    assertEquals([...trainer.state.carried.steps_since_fired], since, `step ${t}`);
    for (const row of rowsOf(byName(trainer.state.weights).W_dec)) {
      assertAlmostEquals(Math.hypot(...row), 1, 1e-6);
    }
    losses.push(loss);
  }
  assert(since[0] === 80 && since[1] === 80 && since.includes(0), String(since));
  const average = (from: number) => losses.slice(from, from + 4).reduce((a, b) => a + b) / 4;
  assert(average(76) < 0.5 * average(0), `${average(0)} → ${average(76)}`);
  await trainer.release();
});
