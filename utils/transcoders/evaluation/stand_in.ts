/**
 * What can take the place of a model's parts in an evaluation: a set of coders, or a floor. Each gives outputs for the clean
 * model's inputs, and a run in which it reads what the replaced model gives it, so errors propagate.
 */
import type { F32 } from "../../onnx/mod.ts";
import type { HookedModel, RunOptions } from "../../model/mod.ts";
import type { Coder, CoderConfig } from "../coder.ts";
import { crossLayerReplacement, givenSplice, replacement } from "../splices/mod.ts";
import type { CleanRun } from "./clean_run.ts";
import { coderOutputs } from "./coder_run.ts";

/** What a stand-in gives for a coder's place. */
export interface StandInOutput {
  /** `[batch, pos, d_out]` */
  output: F32;
  /** activations of its features, `[batch, pos, F]`; absent without features */
  activations?: F32;
}

/** Takes the places of a set of coders. */
export interface StandIn {
  /** number of features at each place; 0 without features */
  features: readonly number[];
  /** the coders, where it consists of coders */
  coders?: readonly Coder[];
  /** its outputs do not depend on what it reads, so clean and replaced inputs give the same run */
  readsNothing?: boolean;
  /** Returns the outputs for the clean model's inputs, one per place. */
  outputs(clean: CleanRun): Promise<StandInOutput[]>;
  /** Returns the options of a run in which all places are taken and errors propagate. */
  propagating(clean: CleanRun): Promise<RunOptions>;
}

/**
 * Returns coders as a stand-in.
 * @param hasFeatures whether their features count; false for coders that only carry a bias or a linear path
 */
export function coderStandIn(
  model: HookedModel,
  coders: readonly Coder[],
  hasFeatures = true,
): StandIn {
  const crossLayer = coders.some(({ config }) => config.kind === "cross_layer");
  return {
    features: coders.map(({ config }) => hasFeatures ? config.features : 0),
    coders,
    readsNothing: coders.every(readsNothing),
    async outputs({ points }) {
      const inputs = points.map(({ input }) => input);
      const found = await coderOutputs(model.runtime, coders, inputs);
      return hasFeatures ? found : found.map(({ output }) => ({ output }));
    },
    async propagating({ rows: { prompts }, positions }) {
      if (!crossLayer) return replacement(model, { coders, positions });
      return (await crossLayerReplacement(model, coders, prompts, undefined, positions)).options;
    },
  };
}

/** Tells whether a coder's output is the same everywhere: it has neither a decoder nor a linear path. */
function readsNothing({ config, weights: { W_dec } }: Coder): boolean {
  return !config.skip && W_dec.data.every((w) => w === 0);
}

/**
 * Returns a stand-in whose outputs depend on the tokens alone, so that there are no errors to propagate.
 * @param outputs returns its outputs, one per place
 */
export function givenStandIn(
  configs: readonly CoderConfig[],
  outputs: (clean: CleanRun) => F32[],
): StandIn {
  return {
    features: configs.map(() => 0),
    readsNothing: true,
    outputs: (clean) => Promise.resolve(outputs(clean).map((output) => ({ output }))),
    propagating: (clean) => Promise.resolve(givenOutputs(configs, outputs(clean), clean)),
  };
}

/** Returns the options of a run in which places have these outputs at the positions that count. */
export function givenOutputs(
  configs: readonly CoderConfig[],
  outputs: readonly F32[],
  { positions }: CleanRun,
): Pick<RunOptions, "splices"> {
  return { splices: configs.map((config, i) => givenSplice(config, outputs[i], positions)) };
}
