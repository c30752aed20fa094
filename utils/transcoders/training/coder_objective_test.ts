/** Objectives against forward passes in double precision and their finite differences. */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { gradientsAt, layoutOf, Trainer } from "../../training/mod.ts";
import { batchThreshold } from "./activations/mod.ts";
import { coderObjective, type CoderObjectiveSettings } from "./coder_objective.ts";
import { auxK, ghost, l0, l1, preAct, sparseConnection } from "./losses/mod.ts";
import { coderOptimiser } from "./optimiser.ts";
import { reluL1, saelensJumpRelu, saelensTopK } from "./peers.ts";
import { coderParameters } from "./shape.ts";
import { noise, randomBatch, randomState, SHAPE } from "./testdata.ts";

const { rows, dIn, dOut, features } = SHAPE;
const K = 2.5, L1 = 0.07, CONNECTION = 0.02, AUX = 0.4;
const DIRECTIONS = noise(3 * dOut, 77);
const DEAD = [2, 3, 5, 7, 8, 11, 12, 15, 16];

const settings: CoderObjectiveSettings = {
  shape: SHAPE,
  activation: { kind: "batchtopk", k: K, byDecoderNorm: true, thresholdRate: 0.2 },
  reconstruction: "squared",
  terms: [
    l1({ coefficient: L1 }, true),
    sparseConnection(CONNECTION, DIRECTIONS, dOut),
    auxK({ coefficient: AUX, byDecoderNorm: true }),
  ],
  dead: { after: 10 },
};

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  range(a.length).reduce((sum, i) => sum + a[i] * b[i], 0);

/** The parameters by name, matrices as rows, from the vector. */
function unpack(weights: ArrayLike<number>) {
  const all = Array.from(weights);
  const parts = layoutOf(coderParameters(SHAPE)).tensors.map((t) => {
    const flat = all.slice(t.offset, t.offset + t.size);
    const width = t.shape.at(-1)!;
    return [t.name, range(t.size / width).map((i) => flat.slice(i * width, (i + 1) * width))];
  });
  return Object.fromEntries(parts) as Record<string, number[][]>;
}

/** The loss of {@link settings} in double precision. `held` is the residual that AuxK predicts. */
function oracle(
  weights: ArrayLike<number>,
  { x, y = x }: ReturnType<typeof randomBatch>,
  held?: number[][],
) {
  const w = unpack(weights);
  const norms = w.W_dec.map((row) => Math.sqrt(dot(row, row)));
  const pre = range(rows).map((r) => {
    const input = range(dIn).map((i) => x[r * dIn + i] - w.b_in[0][i]);
    return range(features).map((f) => dot(w.W_enc[f], input) + w.b_enc[0][f]);
  });
  const scores = pre.flatMap((row) => row.map((v, f) => v * norms[f]));
  const kept = range(scores.length).sort((a, b) => scores[b] - scores[a])
    .slice(0, Math.floor(K * rows));
  const active = pre.map((row, r) =>
    row.map((v, f) => kept.includes(r * features + f) ? Math.max(0, v) : 0)
  );
  const decode = (a: number[]) => range(dOut).map((d) => dot(a, w.W_dec.map((row) => row[d])));
  const residual = active.map((a, r) =>
    decode(a).map((v, d) => y[r * dOut + d] - v - w.b_dec[0][d])
  );
  const kAux = Math.floor(dOut / 2);
  const aux = pre.map((row, r) => {
    const best = DEAD.toSorted((a, b) => row[b] * norms[b] - row[a] * norms[a]).slice(0, kAux);
    const predicted = decode(row.map((v, f) => best.includes(f) ? v : 0));
    const difference = predicted.map((v, d) => v - (held ?? residual)[r][d]);
    return dot(difference, difference) / rows;
  });
  const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const connections = range(3).flatMap((i) =>
    w.W_dec.map((row) => Math.abs(dot(row, DIRECTIONS.subarray(i * dOut, (i + 1) * dOut))) / 3)
  );
  const mse = total(residual.map((e) => dot(e, e))) / rows;
  const loss = mse + L1 * total(active.map((a) => dot(a, norms))) / rows +
    CONNECTION * total(connections) +
    AUX * Math.min(DEAD.length / kAux, 1) * total(aux);
  return {
    loss,
    mse,
    residual,
    l0: active.flat().filter((v) => v > 0).length / rows,
    smallest: Math.min(...kept.map((i) => scores[i]).filter((v) => v > 0)),
  };
}

Deno.test("BatchTopK, L1 by decoder norm, sparse connections and AuxK: loss and gradients are those of the oracle", async () => {
  const objective = coderObjective(settings);
  const state = randomState(objective, DEAD);
  const batch = randomBatch(SHAPE, 5);
  const found = await gradientsAt(objective, state, batch, { threads: 1 });
  const { loss, residual } = oracle(state.weights, batch);
  assertAlmostEquals(found.loss, loss, 1e-6 * loss);
  const layout = layoutOf(objective.parameters);
  for (const { name, offset, size } of layout.tensors) {
    const expected = range(size).map((i) => {
      const at = (step: number) => {
        const moved = Float64Array.from(state.weights);
        moved[offset + i] += step;
        return oracle(moved, batch, residual).loss;
      };
      return (at(1e-6) - at(-1e-6)) / 2e-6;
    });
    const scale = Math.max(...expected.map(Math.abs));
    assert(scale > 0.1, name);
    expected.forEach((x, i) =>
      assertAlmostEquals(found.gradients[name][i], x, 2e-6 * scale, `${name} ${i}`)
    );
  }
});

Deno.test("BatchTopK carries the average of its smallest positive scores, free of its start at zero", async () => {
  const objective = coderObjective(settings);
  const state = randomState(objective, DEAD);
  assertThrows(() => batchThreshold(state.carried), Error, "found one without a batch");
  const optimiser = coderOptimiser({ rate: () => 0.02 });
  const trainer = await Trainer.compile(objective, optimiser, state, { threads: 1 });
  let sum = 0, weight = 0;
  for (let step = 0; step < 4; step++) {
    const batch = randomBatch(SHAPE, 10 * step);
    const expected = oracle(state.weights, batch);
    sum = 0.8 * sum + 0.2 * expected.smallest;
    weight = 0.8 * weight + 0.2;
    const { metrics } = await trainer.step(batch);
    assertAlmostEquals(metrics.mse, expected.mse, 1e-5);
    assertAlmostEquals(metrics.l0, expected.l0, 1e-6);
    assertAlmostEquals(batchThreshold(state.carried), sum / weight, 1e-6);
    if (step === 0) assertAlmostEquals(batchThreshold(state.carried), expected.smallest, 1e-6);
  }
  await trainer.release();
  assertThrows(() => batchThreshold({}), Error, "found none");
});

Deno.test("BatchTopK: non-positive scores that fill up the choice do not move the threshold", async () => {
  const objective = coderObjective({
    ...settings,
    activation: { kind: "batchtopk", k: features, thresholdRate: 0.5 },
  });
  const state = randomState(objective);
  const [, b_enc] = layoutOf(objective.parameters).tensors;
  const optimiser = coderOptimiser({ rate: () => 0 });
  const trainer = await Trainer.compile(objective, optimiser, state, { threads: 1 });
  const batch = randomBatch(SHAPE, 3);
  await trainer.step(batch);
  const w = unpack(state.weights);
  const positive = range(rows).flatMap((r) => {
    const input = range(dIn).map((i) => batch.x[r * dIn + i] - w.b_in[0][i]);
    return range(features).map((f) => dot(w.W_enc[f], input) + w.b_enc[0][f]).filter((v) => v > 0);
  });
  assert(positive.length < rows * features);
  const expected = Math.min(...positive);
  assertAlmostEquals(batchThreshold(state.carried), expected, 1e-6);
  state.weights.fill(-50, b_enc.offset, b_enc.offset + b_enc.size);
  await trainer.step(batch); // nothing is positive
  assertAlmostEquals(batchThreshold(state.carried), expected, 1e-6);
  assertEquals(state.carried.threshold_weight[0], 0.5);
  await trainer.release();
});

Deno.test("ghost gradients stay finite where a dead feature's pre-activation is large", async () => {
  const objective = coderObjective(
    reluL1({ shape: SHAPE, deadAfter: 5, sparsity: { coefficient: 1 }, ghosts: true }),
  );
  const state = randomState(objective, [0]);
  state.weights[layoutOf(objective.parameters).tensors[1].offset] = 200; // exp(200) overflows
  const { loss, gradients } = await gradientsAt(objective, state, randomBatch(SHAPE, 1));
  assert(Number.isFinite(loss));
  for (const gradient of Object.values(gradients)) assert(gradient.every(Number.isFinite));
});

Deno.test("a feature fires by a positive activation, or by being chosen at all", async () => {
  for (const fired of ["positive", "chosen"] as const) {
    for (const form of ["dense", "sparse"] as const) {
      const objective = coderObjective({
        shape: { ...SHAPE, inputBias: undefined },
        activation: { kind: "topk", k: features },
        reconstruction: "fvu",
        dead: { after: 1, fired },
        form,
      });
      const state = randomState(objective);
      const b_enc = layoutOf(objective.parameters).tensors[1];
      state.weights.fill(-50, b_enc.offset, b_enc.offset + 3); // never positive, always chosen
      const optimiser = coderOptimiser({ rate: () => 0 });
      const trainer = await Trainer.compile(objective, optimiser, state, { threads: 1 });
      const dead: number[] = [];
      for (let step = 0; step < 3; step++) {
        dead.push((await trainer.step(randomBatch(SHAPE, step))).metrics.dead);
      }
      await trainer.release();
      const since = [...state.carried.steps_since_fired.subarray(0, 3)];
      assertEquals(since, fired === "positive" ? [3, 3, 3] : [0, 0, 0], form);
      // After two steps the count, 2, exceeds 1.
      assertEquals(dead.slice(0, 2), [0, 0]);
      assert(fired === "chosen" ? dead[2] === 0 : dead[2] >= 3, `${dead}`);
    }
  }
});

Deno.test("a sparse step without any active feature moves the output bias alone", async () => {
  const cases = [
    reluL1({ shape: SHAPE, deadAfter: 5, sparsity: { coefficient: 1 } }),
    saelensJumpRelu({ shape: SHAPE, deadAfter: 5, bandwidth: 0.1, sparsity: { coefficient: 1 } }),
  ];
  for (const settings of cases) {
    const objective = coderObjective(settings);
    const state = randomState(objective);
    const { offset, size } = layoutOf(objective.parameters).tensors[1];
    state.weights.fill(-50, offset, offset + size);
    const { loss, gradients } = await gradientsAt(objective, state, randomBatch(SHAPE, 1));
    assert(loss > 0);
    for (const [name, gradient] of Object.entries(gradients)) {
      assertEquals(gradient.some((x) => x !== 0), name === "b_dec", name);
    }
  }
});

Deno.test("a row with a target and a residual of 0 counts for nothing in ReLU + L1 with ghosts", async () => {
  const shape = { ...SHAPE, inputBias: undefined };
  const run = async (rows: number, y: Float32Array<ArrayBuffer>) => {
    const sparsity = { coefficient: 0 };
    const objective = coderObjective(
      reluL1({ shape: { ...shape, rows }, deadAfter: 5, sparsity, ghosts: true }),
    );
    const state = randomState(objective, DEAD);
    // No feature fires, and the output is b_dec = 0.
    const [, b_enc, , b_dec] = layoutOf(objective.parameters).tensors;
    state.weights.fill(-5, b_enc.offset, b_enc.offset + b_enc.size);
    state.weights.fill(0, b_dec.offset, b_dec.offset + b_dec.size);
    const x = new Float32Array(rows * dIn);
    return await gradientsAt(objective, state, { x, y }, { threads: 1 });
  };
  const y = noise(2 * dOut, 8);
  const plain = await run(2, y);
  const padded = await run(3, Float32Array.of(...y, ...new Float32Array(dOut)));
  // Means are over 3 rows in place of 2.
  assertAlmostEquals(padded.loss, plain.loss * 2 / 3, 1e-6);
  for (const [name, gradient] of Object.entries(plain.gradients)) {
    gradient.forEach((x, i) => assertAlmostEquals(padded.gradients[name][i], x * 2 / 3, 1e-6));
  }
  assert(plain.gradients.W_dec.some((x) => x !== 0), "ghosts move dead features");
});

Deno.test("coderObjective() refuses what does not fit", () => {
  const dead = { after: 1 };
  const base = { shape: SHAPE, reconstruction: "squared", dead } as const;
  const relu = { ...base, activation: { kind: "relu" } } as const;
  assertThrows(
    () => coderObjective({ ...base, activation: { kind: "jumprelu", bandwidth: 1 } }),
    Error,
    "set shape.threshold to true",
  );
  assertThrows(
    () => coderObjective({ ...relu, shape: { ...SHAPE, threshold: true } }),
    Error,
    'activation "relu" does not have a threshold',
  );
  assertThrows(
    () => coderObjective({ ...relu, terms: [ghost(), ghost(2)] }),
    Error,
    'two terms "ghost"',
  );
  assertThrows(
    () => coderObjective({ ...relu, shape: { ...SHAPE, inputBias: "shared" } }),
    Error,
    "the input has 5, the target 6",
  );
  assertThrows(
    () => coderObjective(relu).feeds({ x: new Float32Array(3) }, 1),
    Error,
    'expected 7 rows of 5 for "x", found 3',
  );
  assertThrows(() => sparseConnection(1, new Float32Array(7), 6), Error, "found 7 elements");
});

Deno.test("a term that needs a threshold names the activation that it needs", async () => {
  for (const term of [l0({ coefficient: 1 }), preAct(1)]) {
    const objective = coderObjective({
      ...saelensTopK({ shape: SHAPE, deadAfter: 1, k: 2 }),
      terms: [term],
    });
    await assertRejects(
      () => gradientsAt(objective, randomState(objective), randomBatch(SHAPE, 1)),
      Error,
      'needs the activation "jumprelu"',
    );
  }
});
