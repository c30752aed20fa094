/**
 * Models that run with coders, or zeros, in the place of parts. Nothing is changed in the model: what runs otherwise is said
 * by the options of a run, so a replacement ends with the run.
 *
 *     const options = replacement(model, { coders });
 *     const logits = await model.allLogits(prompts, options);
 *
 * Cross-layer coders depend on each other: what the coder of layer i adds to the output of layer j > i is known only when
 * block i has run. {@link crossLayerReplacement} therefore runs the blocks one by one, adds up the outputs, and returns them
 * as patches for a later run on the same prompts.
 */
import { type F32, tensor } from "../../onnx/mod.ts";
import type { BlockHook, HookedModel, Patch, Prompts, RunOptions } from "../../model/mod.ts";
import { type Coder, coderName } from "../coder.ts";
import { decode } from "../programs.ts";
import { checkFits, splitHook } from "./coder_hooks.ts";
import { coderHook, type CoderMode, coderSplice, zeroSplice } from "./coder_splice.ts";

/** What takes the place of the model's own values. */
export interface Replacements {
  /** coders, one per layer at most, none of them cross-layer */
  coders?: readonly Coder[];
  /** what goes on at a coder's output; default: what the coder gives */
  mode?: CoderMode;
  /** full names of hook points that become 0, e.g. `blocks.2.hook_mlp_out` */
  zeros?: readonly string[];
  /** 1 where coders replace, 0 where the model's own value stays, `[batch, pos, 1]`; default: everywhere */
  positions?: F32;
}

/**
 * Returns the options of a run with coders and zeros in the place of parts of the model.
 * @throws Error naming a coder that does not fit the model, two coders of one layer, or a hook point without a layer.
 * @example Run a model without the MLP of layer 1. The replacement ends with the run.
 * ```ts
 * import { HookedModel } from "../../model/mod.ts";
 * import { replacement } from "../mod.ts";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 *
 * const model = await HookedModel.load("pythia-nano", { revision: "step0" });
 * const before = await model.allLogits([[1, 2, 3]]);
 * const options = replacement(model, { zeros: ["blocks.1.hook_mlp_out"] });
 * assertNotEquals((await model.allLogits([[1, 2, 3]], options)).data, before.data);
 * assertEquals((await model.allLogits([[1, 2, 3]])).data, before.data);
 * ```
 */
export function replacement(
  model: HookedModel,
  { coders = [], mode = "replace", zeros = [], positions }: Replacements,
): Pick<RunOptions, "splices"> {
  const layers = new Map<number, Coder>();
  for (const coder of coders) {
    const { config } = coder;
    checkFits(config, model);
    if (config.kind === "cross_layer") {
      throw new Error(`${coderName(config)}: use crossLayerReplacement() for cross-layer coders`);
    }
    const other = layers.get(config.layer);
    if (other) {
      throw new Error(
        `layer ${config.layer} can take one coder, found ${coderName(other.config)} and ${
          coderName(config)
        }`,
      );
    }
    layers.set(config.layer, coder);
  }
  const zero = (name: string) => {
    const hook = splitHook(name);
    if (!hook) throw new Error(`hook point "${name}" to zero: expected blocks.{l}.{point}`);
    return zeroSplice(hook.layer, hook.point as BlockHook);
  };
  const spliced = coders.map((coder) => coderSplice(coder, mode, { positions }));
  return { splices: [...spliced, ...zeros.map(zero)] };
}

/** Result of {@link crossLayerReplacement}. */
export interface CrossLayerReplacement {
  /** options of a run on the same prompts in which the replaced layers give the coders' outputs */
  options: Pick<RunOptions, "patches">;
  /** activations of each layer's features in the replaced model, `[batch, pos, F]` */
  activations: F32[];
  /** what the coders give at each layer, replaced or not, `[batch, pos, d]` */
  outputs: F32[];
}

/**
 * Runs cross-layer coders. Features are read from the stream in which the outputs of `replaced` layers below are the coders'.
 * @param coders one per layer of the model, in order
 * @param replaced layers whose outputs become the coders'; default: all
 * @param positions 1 where coders replace, 0 where the model's own value stays, `[batch, pos, 1]`; default: everywhere
 * @throws Error naming a coder that does not fit the model, or a layer without its coder.
 */
export async function crossLayerReplacement(
  model: HookedModel,
  coders: readonly Coder[],
  prompts: Prompts,
  replaced: readonly number[] = coders.map(({ config }) => config.layer),
  positions?: F32,
): Promise<CrossLayerReplacement> {
  checkSet(model, coders);
  const { runtime } = model;
  const mask = positions && tensor(Uint8Array.from(positions.data), [...positions.shape]);
  const activations: F32[] = [], outputs: F32[] = [], patches: Patch[] = [];
  let { residual } = await model.run(prompts, { to: 0 });
  const lead = residual.shape.slice(0, 2);
  const written = coders.map(({ config: { dOut } }) =>
    tensor(new Float32Array(lead[0] * lead[1] * dOut), [...lead, dOut])
  );
  for (const [layer, coder] of coders.entries()) {
    const replaces = replaced.includes(layer);
    const mode = replaces ? "replace" : "observe";
    const [acts, out] = [coderHook({ layer }, "hook_acts"), coderHook({ layer }, "hook_out")];
    const splices = [coderSplice(coder, mode, { written: written[layer], positions })];
    const run = { from: layer, to: layer + 1, splices, read: [acts, out] };
    const result = await model.runBlocks(residual, run);
    residual = result.residual;
    activations.push(result.hooks.get(acts)!);
    outputs.push(result.hooks.get(out)!);
    if (replaces) patches.push({ hook: coder.config.outputHook, value: outputs[layer], mask });
    for (const later of (coder.config.decoderLayers ?? []).slice(1)) {
      const part = await decode(runtime, coder, activations[layer], { at: later - layer });
      const sum = written[later].data;
      for (let i = 0; i < sum.length; i++) sum[i] += part.data[i];
    }
  }
  return { options: { patches }, activations, outputs };
}

function checkSet(model: HookedModel, coders: readonly Coder[]): void {
  const { nLayers } = model.config;
  if (coders.length !== nLayers) {
    throw new Error(`${coders.length} cross-layer coders; the model has ${nLayers} layers`);
  }
  for (const [layer, { config }] of coders.entries()) {
    if (config.kind !== "cross_layer" || config.layer !== layer) {
      throw new Error(
        `expected the cross-layer coder of layer ${layer}, found ${coderName(config)}`,
      );
    }
    checkFits(config, model);
  }
}
