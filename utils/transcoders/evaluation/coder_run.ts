/** Runs coders on the clean model: inputs, activations, outputs and targets of every coder in one pass of the model. */
import type { F32, ProgramCache } from "../../onnx/mod.ts";
import type { HookedModel, Prompts } from "../../model/mod.ts";
import type { Coder, CoderConfig } from "../coder.ts";
import { decode, encode } from "../programs.ts";
import { checkFits, coderTap } from "../splices/mod.ts";

/** Values of the clean model at a coder's hook points. */
export interface CoderPointValues {
  /** input x, `[batch, pos, d_in]` */
  input: F32;
  /** what the coder should give, `[batch, pos, d_out]` */
  target: F32;
}

/** What one coder reads and gives on some prompts. */
export interface CoderRun extends CoderPointValues {
  /** activations of the features, `[batch, pos, F]` */
  activations: F32;
  /** what the coder gives, `[batch, pos, d_out]` */
  output: F32;
}

/**
 * Reads the inputs and targets of coders in one pass of the model as it is.
 * @throws Error naming a coder that does not fit the model.
 */
export async function readCoderPoints(
  model: HookedModel,
  configs: readonly CoderConfig[],
  prompts: Prompts,
): Promise<CoderPointValues[]> {
  configs.forEach((config) => checkFits(config, model));
  const taps = configs.map(coderTap);
  const splices = [...new Map(taps.map((tap) => [tap.input, tap.spliced])).values()];
  const read = [...new Set(taps.flatMap(({ input, target }) => [input, target]))];
  const { hooks } = await model.run(prompts, { splices, read });
  return taps.map(({ input, target }) => ({
    input: hooks.get(input)!,
    target: hooks.get(target)!,
  }));
}

/** Activations and outputs of a coder. */
export type CoderOutput = Pick<CoderRun, "activations" | "output">;

/**
 * Returns what coders give for their inputs. The outputs of cross-layer coders contain the parts of all coders below.
 * @param coders in the order of their layers
 * @param inputs one per coder, `[batch, pos, d_in]`
 */
export async function coderOutputs(
  cache: ProgramCache,
  coders: readonly Coder[],
  inputs: readonly F32[],
): Promise<CoderOutput[]> {
  const found: CoderOutput[] = [];
  for (const [i, coder] of coders.entries()) {
    const activations = await encode(cache, coder, inputs[i]);
    const output = await decode(cache, coder, activations, { x: inputs[i] });
    found.push({ activations, output });
    if (coder.config.kind !== "cross_layer") continue;
    for (const [j, below] of coders.slice(0, i).entries()) {
      const at = coder.config.layer - below.config.layer;
      const part = await decode(cache, below, found[j].activations, { at });
      part.data.forEach((x, n) => output.data[n] += x);
    }
  }
  return found;
}

/**
 * Runs coders on prompts, with the model as it is. The outputs of cross-layer coders contain the parts of all coders below.
 * @param coders in the order of their layers; several may be of one layer, as long as their hook points are the same
 * @throws Error naming a coder that does not fit the model.
 */
export async function runCoders(
  model: HookedModel,
  coders: readonly Coder[],
  prompts: Prompts,
): Promise<CoderRun[]> {
  const points = await readCoderPoints(model, coders.map(({ config }) => config), prompts);
  const outputs = await coderOutputs(model.runtime, coders, points.map(({ input }) => input));
  return points.map((values, i) => ({ ...values, ...outputs[i] }));
}
