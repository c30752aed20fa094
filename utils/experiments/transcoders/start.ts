/**
 * The weights of a coder before its first step.
 *
 *   cold            drawn, or the MLP's neurons, with biases from a sample of the activations; or given coders
 *   warm, weights   the coders of the checkpoint before, as they were written
 *   warm, moments   weights and Adam's moments of that training's last state
 *
 * Cold starts have the same draws at every checkpoint, so a checkpoint trained alone has the same coders as in a run of all.
 * A warm start hands the identity of features on from checkpoint to checkpoint; the coder's metadata records it.
 */
import { join } from "@std/path";
import { isFolder, UserError } from "../../base/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import { hashText } from "../../text/mod.ts";
import {
  type ActivationBatch,
  biasStart,
  type CoderShape,
  coderValues,
  mlpValues,
  neuronsOf,
  openCoders,
  type Scales,
  startValues,
  type TapRows,
  toScaled,
} from "../../transcoders/mod.ts";
import type { Batches } from "../../training/mod.ts";
import type { Plan } from "./plan.ts";

/** Rows that biases are computed from. */
const SAMPLE = 16_384;

/** How the coders of a checkpoint start; part of their metadata. */
export type Start =
  | { kind: "cold" }
  | {
    kind: "weights" | "moments";
    /** checkpoint whose coders are the start */
    step: number;
    /** training steps that their moments have been made by */
    steps_before: number;
  };

/** What a start is made from. */
export interface StartInput {
  plan: Plan;
  /** place of the coder in the plan */
  index: number;
  shape: CoderShape;
  /** factors of inputs and targets, where it trains on scaled ones */
  scales?: Scales;
  start: Start;
  model: HookedModel;
  batches: Batches<ActivationBatch>;
}

/**
 * Returns the parameters, laid out in the objective's order.
 * @throws UserError when the coders to start from are missing or do not fit.
 */
export async function startOf(input: StartInput): Promise<Float32Array<ArrayBuffer>> {
  const { plan, index, shape, start, scales } = input;
  const { settings: { from_pretrained_path: given, normalize_decoder }, taps, outputDir } = plan;
  const path = start.kind === "cold" ? given : join(outputDir, `step${start.step}`);
  if (path === null) return await coldStart(input);
  if (start.kind !== "cold" && !isFolder(path)) {
    throw new UserError(`warm_start: expected coders in ${path}, found none`);
  }
  const { layer, head } = taps[index];
  const { coders } = await openCoders(path, { layers: [layer] });
  const coder = coders.find(({ config }) => config.layer === layer && config.head === head);
  if (!coder) throw new UserError(`${path}: expected a coder of layer ${layer}, found none`);
  const vector = coderValues(coder, shape, normalize_decoder);
  if (scales) toScaled(vector, shape, scales);
  return vector;
}

async function coldStart(
  { plan, index, shape, scales = { input: 1, target: 1 }, model, batches }: StartInput,
): Promise<Float32Array<ArrayBuffer>> {
  const { settings, taps } = plan;
  const { layer, inputHook, head, dIn, dOut } = taps[index];
  const { x, y } = await sampleOf(plan, batches, index);
  const bias = (sample: Float32Array, width: number, scale: number) =>
    biasStart(settings.b_dec_init_method, sample, width).map((value) => value * scale);
  const inputs = shape.inputBias === "shared" ? undefined : bias(x, dIn, scales.input);
  const fromMlp = settings.start.startsWith("mlp");
  if (fromMlp && !readsMlp(inputHook, model)) {
    throw new UserError(
      `start "${settings.start}": ${inputHook} is not what the MLP reads; choose blocks.{l}.mlp.hook_in, or another start`,
      2,
    );
  }
  const neurons = fromMlp ? await neuronsOf(model, layer) : undefined;
  const vector = startValues(shape, {
    seed: hashText(`${settings.seed} layer ${layer} head ${head ?? ""}`),
    decoder: neurons ? { rows: neurons.writing } : "kaiming",
    encoder: settings.start === "random" || dIn !== dOut ? "kaiming" : "tied",
    outputBias: bias(y, dOut, scales.target),
    ...(shape.inputBias === "own" ? { inputBias: inputs } : { centre: inputs }),
    threshold: settings.jumprelu_init_threshold,
  });
  if (neurons && settings.start === "mlp") {
    const { input, target } = scales;
    mlpValues(vector, shape, {
      ...neurons,
      reading: neurons.reading.map((w) => w * target / input),
      bias: neurons.bias.map((b) => b * target),
    });
  }
  return vector;
}

/** Whether a hook point has what the stored input weights of the MLP multiply. */
function readsMlp(hook: string, { processing }: HookedModel): boolean {
  return hook.endsWith(".mlp.hook_in") ||
    Boolean(processing.foldLayerNorm) && hook.endsWith(".ln2.hook_normalized");
}

/** Returns the first rows of the run; the buffer is shuffled, so they are a random sample. */
export async function sampleOf(
  { settings, blockRows, taps }: Plan,
  batches: Batches<ActivationBatch>,
  index: number,
): Promise<TapRows> {
  const batch = settings.train_batch_size;
  const count = Math.min(Math.ceil(SAMPLE / batch), blockRows / batch);
  const { dIn, dOut } = taps[index];
  const x = new Float32Array(count * batch * dIn), y = new Float32Array(count * batch * dOut);
  for (let i = 0; i < count; i++) {
    const part = (await batches.at(i))[index];
    x.set(part.x, i * batch * dIn);
    y.set(part.y, i * batch * dOut);
  }
  return { x, y };
}
