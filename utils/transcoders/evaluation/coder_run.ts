/** Runs coders on the clean model: inputs, activations, outputs and targets of every coder in one pass of the model. */
import type { F32 } from "../../onnx/mod.ts";
import type { HookedModel, Prompts } from "../../model/mod.ts";
import type { Coder } from "../coder.ts";
import { decode, encode } from "../programs.ts";
import { checkFits, coderTap } from "../splices/mod.ts";

/** What one coder reads and gives on some prompts. */
export interface CoderRun {
  /** input x, `[batch, pos, d_in]` */
  input: F32;
  /** what the coder should give, `[batch, pos, d_out]` */
  target: F32;
  /** activations of the features, `[batch, pos, F]` */
  activations: F32;
  /** what the coder gives, `[batch, pos, d_out]` */
  output: F32;
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
  coders.forEach(({ config }) => checkFits(config, model));
  const taps = coders.map(({ config }) => coderTap(config));
  const splices = [...new Map(taps.map((tap) => [tap.input, tap.spliced])).values()];
  const read = [...new Set(taps.flatMap(({ input, target }) => [input, target]))];
  const { hooks } = await model.run(prompts, { splices, read });
  const runs: CoderRun[] = [];
  for (const [i, coder] of coders.entries()) {
    const input = hooks.get(taps[i].input)!, target = hooks.get(taps[i].target)!;
    const activations = await encode(model.runtime, coder, input);
    const output = await decode(model.runtime, coder, activations, { x: input });
    runs.push({ input, target, activations, output });
    if (coder.config.kind !== "cross_layer") continue;
    for (const [j, below] of coders.slice(0, i).entries()) {
      const at = coder.config.layer - below.config.layer;
      const part = await decode(model.runtime, below, runs[j].activations, { at });
      part.data.forEach((x, n) => output.data[n] += x);
    }
  }
  return runs;
}
