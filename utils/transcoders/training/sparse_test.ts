/** The sparse step against plain differentiation of the dense one. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { buildModel } from "../../onnx/model.ts";
import { buildStep, gradientsAt, Trainer } from "../../training/mod.ts";
import type { Form } from "./activations/mod.ts";
import { coderObjective, type CoderObjectiveSettings } from "./coder_objective.ts";
import { l1 } from "./losses/mod.ts";
import { coderOptimiser } from "./optimiser.ts";
import { reluL1, saelensJumpRelu, saelensTopK, sparsifyTopK } from "./peers.ts";
import { randomBatch, randomState, SHAPE } from "./testdata.ts";

const shape = { ...SHAPE, skip: true };
const sparsity = { coefficient: 0.3 };
const deadAfter = 10;

const CASES: Record<string, CoderObjectiveSettings> = {
  "ReLU + L1 with ghosts": reluL1({ shape, deadAfter, sparsity, ghosts: true }),
  "ReLU + L1 by decoder norm": {
    shape,
    activation: { kind: "relu" },
    reconstruction: "squared",
    terms: [l1(sparsity, true)],
    dead: { after: deadAfter },
  },
  "TopK + AuxK": saelensTopK({ shape, deadAfter, k: 3 }),
  "TopK + AuxK of sparsify": sparsifyTopK({ shape, k: 3, deadAfterTokens: 70, auxAlpha: 0.5 }),
  "BatchTopK + AuxK": saelensTopK({ shape, deadAfter, k: 2.5, batch: true }),
  "JumpReLU, step": saelensJumpRelu({ shape, deadAfter, bandwidth: 0.5, sparsity }),
  "JumpReLU, tanh and pre-activation loss": saelensJumpRelu({
    shape,
    deadAfter,
    bandwidth: 0.5,
    sparsity,
    tanhScale: 4,
    preActCoefficient: 0.2,
  }),
  "JumpReLU, a shared bias": saelensJumpRelu({
    shape: { ...SHAPE, dIn: 6, inputBias: "shared" },
    deadAfter,
    bandwidth: 0.5,
    sparsity,
  }),
};

/** The ghosts' factor mse/(m + 1e-6) has a pole where a ghost meets the residual, which enlarges rounding. */
const tolerance = (name: string) => name.includes("ghosts") ? 1e-5 : 1e-6;

for (const [name, settings] of Object.entries(CASES)) {
  for (const dead of [[], [1, 4], Array.from({ length: 12 }, (_, i) => i + 2)]) {
    Deno.test(`sparse = dense: ${name}, ${dead.length} dead features`, async () => {
      const results = [];
      for (const form of ["dense", "sparse"] satisfies Form[]) {
        const objective = coderObjective({ ...settings, form });
        const state = randomState(objective, dead);
        const batch = randomBatch(settings.shape, 5);
        const at = await gradientsAt(objective, state, batch, { threads: 1 });
        const optimiser = coderOptimiser({ rate: () => 0.01, clip: 1 });
        const trainer = await Trainer.compile(objective, optimiser, state, { threads: 1 });
        const { metrics } = await trainer.step(batch);
        await trainer.release();
        results.push({ ...at, metrics, carried: state.carried });
      }
      const [dense, sparse] = results;
      assertAlmostEquals(sparse.loss, dense.loss, 1e-6 * dense.loss);
      for (const [parameter, expected] of Object.entries(dense.gradients)) {
        const scale = Math.max(...expected.map(Math.abs));
        assert(scale > 0, `${parameter} has no gradient`);
        const most = tolerance(name) * scale;
        expected.forEach((x, i) =>
          assertAlmostEquals(sparse.gradients[parameter][i], x, most, `${parameter} ${i}`)
        );
      }
      assertEquals(sparse.carried.steps_since_fired, dense.carried.steps_since_fired);
      assertEquals(sparse.carried, dense.carried);
      for (const [metric, x] of Object.entries(dense.metrics)) {
        assertAlmostEquals(sparse.metrics[metric], x, 1e-6 * Math.max(1, Math.abs(x)), metric);
      }
    });
  }
}

Deno.test("a sparse step has one product over all features, the encoder's; a dense one has five", () => {
  const plain = { ...SHAPE, inputBias: undefined };
  const settings = {
    relu: reluL1({ shape: plain, deadAfter, sparsity }),
    topk: saelensTopK({ shape: plain, deadAfter, k: 3, auxCoefficient: 1 }),
    batchtopk: saelensTopK({ shape: plain, deadAfter, k: 3, batch: true }),
    jumprelu: saelensJumpRelu({ shape: plain, deadAfter, bandwidth: 0.5, sparsity }),
  };
  for (const [name, given] of Object.entries(settings)) {
    const count = (form: Form) => {
      const { loss, replaced } = buildStep(
        coderObjective({ ...given, form }),
        coderOptimiser({ rate: () => 0.1 }),
      );
      const results = Object.fromEntries(replaced.map(({ input, result }) => [input.name, result]));
      return buildModel({ loss, ...results }).operators.get("Gemm");
    };
    // AuxK decodes the dead features, and goes back to activations, decoder and encoder: products of these alone.
    const aux = name.endsWith("topk") ? 4 : 0;
    assertEquals(count("sparse"), 1 + aux, name);
    assertEquals(count("dense"), 5 + aux, name);
  }
});
