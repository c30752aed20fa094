/**
 * Resamples dead features during a training (`resampleFeatures`).
 *
 *   when        after every `dead_feature_window` steps that leave a whole window, so that each new feature is trained
 *   which       features that did not fire within the window
 *   from        `resample_batches` batches around the step, from the block of activations that is in memory
 *
 * Draws depend on seed, layer and step alone, so a resumed run leaves the same bytes. The log gets `n_resampled_neurons`.
 * transcoder_circuits then lowers the learning rate for 10,000 steps; here Adam's cleared moments are all that changes.
 */
import { tensor } from "../../../onnx/mod.ts";
import { rngFor } from "../../../text/mod.ts";
import {
  type ActivationBatch,
  carriedScales,
  reconstruct,
  type ResampledRow,
  resampleFeatures,
  WeighedDraw,
} from "../../../transcoders/mod.ts";
import type { Batches, Hook } from "../../../training/mod.ts";
import type { CheckpointInput } from "../checkpoint_input.ts";
import { coderOf, type CoderRun } from "../coder_run.ts";
import { deadWindow } from "../recipe.ts";

/** Returns the hook; never due without `feature_sampling_method`. */
export function resamplingHook(
  input: CheckpointInput,
  batches: Batches<ActivationBatch>,
): Hook<CoderRun> {
  const { plan } = input;
  const { steps, settings: { feature_sampling_method: method } } = plan;
  const window = deadWindow(plan);
  return {
    due: (step) => method !== null && step > 0 && step % window === 0 && step + window <= steps,
    async run({ step, run }) {
      const { steps_since_fired } = run.trainer.state.carried;
      const dead = [...steps_since_fired.keys()].filter((f) => steps_since_fired[f] >= window);
      const count = dead.length === 0 ? 0 : await resample(input, batches, run, step, dead);
      run.log.add({ step, n_resampled_neurons: count });
    },
  };
}

async function resample(
  input: CheckpointInput,
  batches: Batches<ActivationBatch>,
  run: CoderRun,
  step: number,
  dead: readonly number[],
): Promise<number> {
  const { plan: { settings, steps, blockRows }, model } = input;
  const index = input.plan.taps.indexOf(run.tap);
  const { tap: { layer, head, dIn, dOut }, objective, trainer: { state } } = run;
  const { input: a, target: b } = objective.normalize
    ? carriedScales(state.carried)
    : { input: 1, target: 1 };
  const rng = rngFor(settings.seed, 0x2e5a3, layer, (head ?? -1) + 1, step);
  const draw = new WeighedDraw<ResampledRow>(dead.length, () => (rng.next() >>> 0) / 2 ** 32);
  const coder = coderOf(run);
  const mean = new Float64Array(dIn);
  const perBlock = blockRows / settings.train_batch_size;
  const block = Math.floor((step - 1) / perBlock) * perBlock;
  const first = Math.max(block, step - settings.resample_batches);
  const end = Math.min(first + settings.resample_batches, block + perBlock, steps);
  const rows = settings.train_batch_size;
  for (let at = first; at < end; at++) {
    const { x, y } = (await batches.at(at))[index];
    const { data } = await reconstruct(model.runtime, coder, tensor(x, [rows, dIn]));
    for (let i = 0; i < rows; i++) {
      const inputs = x.subarray(i * dIn, (i + 1) * dIn);
      inputs.forEach((value, j) => mean[j] += a * value / (rows * (end - first)));
      const residual = Float32Array.from(
        y.subarray(i * dOut, (i + 1) * dOut),
        (value, j) => b * (value - data[i * dOut + j]),
      );
      const loss = residual.reduce((sum, value) => sum + value * value, 0);
      draw.add(loss ** 2, () => ({ x: inputs.map((value) => a * value), residual }));
    }
  }
  return resampleFeatures(state, {
    ...{ shape: objective.shape, dead, mean, rows: draw.rows() },
    scale: settings.feature_reinit_scale,
    threshold: settings.jumprelu_init_threshold,
  });
}
