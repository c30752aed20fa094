/** Numbers of a batch against a case worked by hand. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Graph, Session, sub, tensor } from "../../onnx/mod.ts";
import { Trainer } from "../../training/mod.ts";
import { coderObjective } from "./coder_objective.ts";
import { fitMetrics } from "./fit_metrics.ts";
import { coderOptimiser } from "./optimiser.ts";
import { reluL1 } from "./peers.ts";
import { randomBatch, randomState, SHAPE } from "./testdata.ts";

Deno.test("fitMetrics() gives the values of a case worked by hand", async () => {
  const g = new Graph();
  const output = g.input("output", [2, 2]), target = g.input("target", [2, 2]);
  const session = await Session.compile(fitMetrics(output, target, sub(output, target)), {}, {});
  // Targets (3, 4), (1, 0): mean (2, 2), variance 1 + 4 + 1 + 4 = 10, energies 25 and 1.
  // Outputs (3, 3), (0, 2): errors 1 and 5, norms √18 and 2.
  const found = await session.run({
    output: tensor(Float32Array.of(3, 3, 0, 2), [2, 2]),
    target: tensor(Float32Array.of(3, 4, 1, 0), [2, 2]),
  });
  await session.release();
  const expected: Record<string, number> = {
    fvu: 0.6,
    explained_variance: 0.4,
    explained_variance_std: 0.4, // rows: 1 − 2·1/10 = 0.8 and 1 − 2·5/10 = 0
    explained_variance_uncentred: 1 - 6 / 26,
    l2_norm: (Math.sqrt(18) + 2) / 2,
    l2_ratio: (Math.sqrt(18) + 2) / (5 + 1),
  };
  assertEquals(Object.keys(found).sort(), Object.keys(expected).sort());
  for (const [name, x] of Object.entries(expected)) {
    assertAlmostEquals(found[name].data[0] as number, x, 1e-6, name);
  }
});

Deno.test("a step counts the tokens on which each feature fired", async () => {
  const objective = coderObjective(
    reluL1({
      shape: { ...SHAPE, inputBias: undefined },
      deadAfter: 9,
      sparsity: { coefficient: 0 },
    }),
  );
  const state = randomState(objective);
  const { rows, dIn, features } = SHAPE;
  const W_enc = state.weights.slice(0, features * dIn);
  const b_enc = state.weights.slice(features * dIn, features * (dIn + 1));
  const optimiser = coderOptimiser({ rate: () => 0 });
  const trainer = await Trainer.compile(objective, optimiser, state, { threads: 1 });
  const expected = new Array(features).fill(0);
  for (const seed of [3, 4]) {
    const batch = randomBatch(SHAPE, seed);
    await trainer.step(batch);
    for (let r = 0; r < rows; r++) {
      for (let f = 0; f < features; f++) {
        let pre = b_enc[f];
        for (let i = 0; i < dIn; i++) pre += W_enc[f * dIn + i] * batch.x[r * dIn + i];
        if (pre > 0) expected[f]++;
      }
    }
  }
  await trainer.release();
  assertEquals([...state.carried.tokens_fired], expected);
});
