/** What becomes of features from checkpoint to checkpoint, `feature_circuits/{model}/identity/{set}.json`. */
import { z } from "zod";
import { defineResult, type ResultKind } from "../../kind.ts";

const layer = z.object({
  /** smallest similarity of a match, the larger of the nulls' */
  threshold: z.number(),
  /** from activations exchanged at random */
  permuted: z.number(),
  /** from a model of another random seed; null without one */
  other_model: z.number().nullable(),
  /** old feature, new feature, similarity */
  kept: z.array(z.tuple([z.int(), z.int(), z.number()])),
  /** cosine of the decoder rows of each kept pair; files made before it was measured lack it */
  cosines: z.array(z.number()).optional(),
  /** features that fire on the text and have no match at the checkpoint before */
  born: z.array(z.int()),
  /** features of the checkpoint before without a match */
  dead: z.array(z.int()),
  /** old feature, and the born ones that resemble it */
  split: z.array(z.tuple([z.int(), z.array(z.int())])),
  /** new feature, and the dead ones that resemble it */
  merged: z.array(z.tuple([z.int(), z.array(z.int())])),
  /** effect of each feature on the model's output per unit of activation */
  effects: z.array(z.number()),
  /** by other set of coders of the same checkpoint, share of this set's features with a match there */
  reproduced: z.record(z.string(), z.number()),
});

const entry = z.object({
  /** step of the checkpoint before; null at the first */
  previous: z.int().nullable(),
  /** digest of the coders */
  coders_digest: z.string(),
  layers: z.array(layer),
});

const header = z.object({
  model: z.string(),
  /** name of the set of coders */
  set: z.string(),
  /** share of false matches at the thresholds */
  false_matches: z.number(),
});

/** Identity of features at one checkpoint. */
export type FeatureIdentityEntry = z.infer<typeof entry>;

/** Header of the file. */
export type FeatureIdentityHeader = z.infer<typeof header>;

/** `feature_circuits/{model}/identity/{set}.json`. */
export const featureIdentities: ResultKind<
  FeatureIdentityHeader,
  FeatureIdentityEntry,
  [set: string]
> = defineResult({
  format: "circuits-over-time/feature-identity/1",
  madeBy: "get_feature_circuits_over_time.ts",
  path: (paths, set) => paths.featureIdentity(set),
  header,
  entry,
});
