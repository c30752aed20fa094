/** Coders in runs of `utils/training`: they learn, keep their constraints, and resume to the same bytes. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { fit, layoutOf, openRun, viewOf } from "../../training/mod.ts";
import { type CoderBatch, coderObjective, type CoderObjectiveSettings } from "./coder_objective.ts";
import { coderOptimiser } from "./optimiser.ts";
import { reluL1, saelensJumpRelu, saelensTopK } from "./peers.ts";
import { schedule } from "./schedules.ts";
import type { CoderShape } from "./shape.ts";
import { startValues } from "./start/mod.ts";
import { noise } from "./testdata.ts";

const STEPS = 150;
const shape: CoderShape = { rows: 32, dIn: 8, dOut: 8, features: 24 };

/** Targets are a rectified linear map of the inputs, as an MLP's are. */
const MAP = noise(64, 99);
function batchAt(step: number): CoderBatch {
  const x = noise(32 * 8, 1000 + step);
  const y = x.map((_, i) => {
    const row = Math.floor(i / 8) * 8, d = i % 8;
    let product = 0;
    for (let j = 0; j < 8; j++) product += x[row + j] * MAP[8 * d + j];
    return Math.max(0, product);
  });
  return { x, y };
}

/** Opens a run in a folder and trains it up to `steps`. */
async function train(folder: string, settings: CoderObjectiveSettings, steps: number) {
  const rate = schedule("warmup_constant", { lr: 0.01, steps: STEPS, warmUp: 10, decay: 30 });
  const run = await openRun({
    objective: coderObjective(settings),
    optimiser: coderOptimiser({ rate, unitDecoder: true, clip: 1 }),
    initial: () => startValues(settings.shape, { seed: 5 }),
    statePath: join(folder, "state.safetensors"),
    logPath: join(folder, "log.jsonl"),
    settings: { name: "test" },
    session: { threads: 1 },
  });
  await fit({ runs: [run], batches: { at: batchAt }, steps, saveEvery: 1000 });
  const { state } = run.trainer;
  const { metrics } = await run.trainer.evaluate(batchAt(5000));
  await run.trainer.release();
  return { state, metrics, bytes: await Deno.readFile(join(folder, "state.safetensors")) };
}

const CASES: Record<string, CoderObjectiveSettings> = {
  "ReLU + L1 with ghosts": reluL1({
    shape,
    deadAfter: 20,
    sparsity: { coefficient: 1e-3, warmUp: 20 },
    ghosts: true,
  }),
  "TopK": saelensTopK({ shape, deadAfter: 20, k: 6 }),
  "BatchTopK": saelensTopK({ shape, deadAfter: 20, k: 6, batch: true }),
  "JumpReLU": saelensJumpRelu({
    shape,
    deadAfter: 20,
    bandwidth: 0.1,
    sparsity: { coefficient: 1e-3, warmUp: 20 },
    preActCoefficient: 1e-3,
  }),
};

for (const [name, settings] of Object.entries(CASES)) {
  Deno.test(`${name}: a run learns, keeps unit decoder rows, and a resumed run ends with the same bytes`, async () => {
    const [whole, cut] = [await Deno.makeTempDir(), await Deno.makeTempDir()];
    try {
      const { state, metrics, bytes } = await train(whole, settings, STEPS);
      assert(metrics.fvu < 0.35, `FVU ${metrics.fvu}`);
      const { tensors } = layoutOf(coderObjective(settings).parameters);
      const W_dec = viewOf(state.weights, tensors.find((t) => t.name === "W_dec")!);
      for (let f = 0; f < shape.features; f++) {
        assertAlmostEquals(Math.hypot(...W_dec.subarray(8 * f, 8 * f + 8)), 1, 1e-6);
      }
      await train(cut, settings, 70);
      assertEquals((await train(cut, settings, STEPS)).bytes, bytes);
    } finally {
      for (const folder of [whole, cut]) await Deno.remove(folder, { recursive: true });
    }
  });
}
