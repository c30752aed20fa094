/** The saved form of a coder against the graph that was trained: the same function. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Trainer } from "../../training/mod.ts";
import { coderObjective, type CoderObjectiveSettings } from "./coder_objective.ts";
import { coderOptimiser } from "./optimiser.ts";
import { reluL1, saelensJumpRelu, saelensTopK, sparsifyTopK } from "./peers.ts";
import { randomBatch, randomState, SHAPE } from "./testdata.ts";
import { setScales } from "./scales.ts";
import { trainedCoder } from "./trained_coder.ts";

const shape = { ...SHAPE, skip: true };
const sparsity = { coefficient: 0.1 };
const deadAfter = 100;

const CASES: Record<string, CoderObjectiveSettings> = {
  relu: reluL1({ shape, deadAfter, sparsity }),
  "relu of a shared bias": reluL1({
    shape: { ...SHAPE, dIn: 6, inputBias: "shared" },
    deadAfter,
    sparsity,
  }),
  topk: saelensTopK({ shape, deadAfter, k: 4 }),
  "topk by pre-activation": sparsifyTopK({ shape, k: 4, deadAfterTokens: 1000 }),
  batchtopk: saelensTopK({ shape, deadAfter, k: 4, batch: true }),
  jumprelu: saelensJumpRelu({ shape, deadAfter, sparsity, bandwidth: 0.2 }),
  "relu of scaled rows": { ...reluL1({ shape, deadAfter, sparsity }), normalize: true },
  "batchtopk of scaled rows": {
    ...saelensTopK({ shape, deadAfter, k: 4, batch: true }),
    normalize: true,
  },
  "jumprelu of scaled rows": {
    ...saelensJumpRelu({ shape, deadAfter, sparsity, bandwidth: 0.2 }),
    normalize: true,
  },
};

/** Activates a row of pre-activations. */
function activate(
  pre: number[],
  { activation, weights }: ReturnType<typeof trainedCoder>,
): number[] {
  switch (activation.name) {
    case "relu":
      return pre.map((v) => Math.max(0, v));
    case "topk": {
      const least = pre.toSorted((a, b) => b - a)[activation.k - 1];
      return pre.map((v) => v >= least ? Math.max(0, v) : 0);
    }
    case "batchtopk": // the batch's smallest is the threshold itself after one step
      return pre.map((v) => v > activation.threshold * (1 - 1e-5) ? v : 0);
    case "jumprelu":
      return pre.map((v, f) => v > weights.threshold!.data[f] ? v : 0);
  }
}

for (const [name, settings] of Object.entries(CASES)) {
  Deno.test(`a trained coder is the function that was trained: ${name}`, async () => {
    const { rows, dIn, dOut, features } = settings.shape;
    const objective = coderObjective(settings);
    const state = randomState(objective);
    const batch = randomBatch(settings.shape, 5);
    if (settings.normalize) setScales(state.carried, { input: 1.7, target: 0.6 });
    const { x, y = x } = batch;
    const optimiser = coderOptimiser({ rate: () => 0 });
    const trainer = await Trainer.compile(objective, optimiser, state, { threads: 1 });
    const { metrics } = await trainer.step(batch);
    await trainer.release();
    const before = state.weights.slice();
    const coder = trainedCoder(settings, state);
    assertEquals(state.weights, before);
    const { W_enc, b_enc, W_dec, b_dec, W_skip } = coder.weights;
    let errors = 0, variance = 0, active = 0;
    const means = Array.from(
      { length: dOut },
      (_, d) => y.filter((_, i) => i % dOut === d).reduce((a, b) => a + b, 0) / rows,
    );
    for (let r = 0; r < rows; r++) {
      const row = x.subarray(r * dIn, (r + 1) * dIn);
      const product = (w: Float32Array, i: number) =>
        row.reduce((sum, v, j) => sum + v * w[i * dIn + j], 0);
      const pre = Array.from(
        { length: features },
        (_, f) => b_enc.data[f] + product(W_enc.data, f),
      );
      const a = activate(pre, coder);
      active += a.filter((v) => v > 0).length;
      for (let d = 0; d < dOut; d++) {
        const output = a.reduce((sum, v, f) => sum + v * W_dec.data[f * dOut + d], b_dec.data[d]) +
          (W_skip ? product(W_skip.data, d) : 0);
        errors += (output - y[r * dOut + d]) ** 2;
        variance += (y[r * dOut + d] - means[d]) ** 2;
      }
    }
    assertAlmostEquals(active / rows, metrics.l0, 1e-6);
    assertAlmostEquals(errors / variance, metrics.fvu, 2e-6 * metrics.fvu);
    assert(active > 0 && active < rows * features);
    assertEquals(coder.activation.name, settings.activation.kind);
  });
}
