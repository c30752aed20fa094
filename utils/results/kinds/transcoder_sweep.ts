/**
 * Arms of a sweep of transcoders at each checkpoint, beside floors, `transcoders/{model}/{name}/sweep.json`. Losses are means
 * over tokens in nats.
 */
import { z } from "zod";
import { defineResult, type ResultKind } from "../kind.ts";
import { arm as standIn, features } from "./transcoder_evaluation.ts";

const stream = z.object({
  /** cross-entropy of the model as it is */
  ce: z.number(),
  /** positions that count */
  tokens: z.int(),
  /** hook point that the coders read, `{l}` for the layer */
  input: z.string(),
  /** hook point that they give */
  output: z.string(),
  /** by name, those that are the same for all arms: zero, mean, unigram, skip */
  floors: z.record(z.string(), standIn),
});

/** Hook points that arms share, with the floors that do not depend on the arm. */
export type SweepStream = z.infer<typeof stream>;

const arm = z.object({
  /** name of the arm, and of its folder of coders */
  name: z.string(),
  /** place of its stream in the list */
  stream: z.int(),
  /** transcoder or sae */
  kind: z.string(),
  /** relu, topk, batchtopk or jumprelu */
  activation: z.string(),
  skip: z.boolean(),
  /** number of features, of the first layer */
  width: z.int(),
  /** the setting that decides how many features are active, and its value */
  sparsity: z.object({ key: z.string(), value: z.number() }),
  /** the settings that the arm has of its own */
  settings: z.record(z.string(), z.unknown()),
  /** mean number of active features per token and layer */
  l0: z.number(),
  /** fraction of variance unexplained, mean over layers */
  fvu: z.number(),
  /**
   * whether no arm of the same stream and width has as few active features and a loss as low, all layers taken and errors
   * propagating
   */
  front: z.boolean(),
  /** digest of the coders' settings and weights */
  coders_digest: z.string(),
  /** how often features fire */
  features,
  coders: standIn,
  /** floors with the arm's number of active features: random, neurons */
  floors: z.record(z.string(), standIn),
});

/** One arm of a sweep. */
export type SweepArm = z.infer<typeof arm>;

const entry = z.object({ streams: z.array(stream), arms: z.array(arm) });

/** A sweep at one checkpoint. */
export type TranscoderSweep = z.infer<typeof entry>;

const header = z.object({
  /** folder name of the model */
  model: z.string(),
});

/** Header of the file. */
export type TranscoderSweepHeader = z.infer<typeof header>;

/** `transcoders/{model}/{name}/sweep.json`. */
export const transcoderSweeps: ResultKind<
  TranscoderSweepHeader,
  TranscoderSweep,
  [name: string]
> = defineResult({
  format: "circuits-over-time/transcoder-sweep/1",
  madeBy: "sweep_transcoders.ts",
  path: (paths, name) => paths.transcoderSweep(name),
  header,
  entry,
});
