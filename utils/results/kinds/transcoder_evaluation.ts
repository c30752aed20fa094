/**
 * How good a set of transcoders is at each checkpoint, beside floors, `transcoders/{model}/{name}/evaluation.json`. Losses
 * are means over tokens in nats.
 */
import { z } from "zod";
import { defineResult, type ResultKind } from "../kind.ts";

const losses = z.object({
  /** cross-entropy of the next token */
  ce: z.number(),
  /** its rise over the model as it is */
  delta_ce: z.number(),
  /** KL(clean ‖ replaced) */
  kl: z.number(),
  /** 1 − delta_ce / delta_ce of zero ablation under the same protocol; null where that does not raise the loss */
  score_zero: z.number().nullable(),
  /** the same against mean ablation */
  score_mean: z.number().nullable(),
});

/** What a replacement costs the model. */
export type ReplacementLosses = z.infer<typeof losses>;

const place = z.object({
  layer: z.int(),
  /** mean number of active features; null for floors without features */
  l0: z.number().nullable(),
  /** mean squared error per dimension */
  mse: z.number(),
  /** fraction of variance unexplained, centred */
  fvu: z.number(),
  /** 1 − the fraction of the second moment unexplained */
  explained_variance_uncentred: z.number(),
  /** mean cosine of J·v with the MLP's; null where the coder does not read and give what an MLP does */
  jacobian_cosine: z.number().nullable(),
  /** this place alone is taken */
  alone: losses,
});

/** A stand-in at one place. */
export type StandInPlace = z.infer<typeof place>;

/** Schema of a stand-in. */
export const arm = z.object({
  places: z.array(place),
  /** all places are taken; each stand-in reads the clean model's values */
  clean: losses,
  /** all places are taken; each stand-in reads the replaced model's values */
  propagating: losses,
});

/** A set of coders, or a floor. */
export type EvaluatedArm = z.infer<typeof arm>;

/** Schema of how often features fire. */
export const features = z.array(z.object({
  layer: z.int(),
  features: z.int(),
  /** features that never fired in the tokens of the evaluation */
  dead: z.int(),
  /** features that fired in more than 10 % of them */
  dense: z.int(),
  /** features by log10 of their density, in bins of 0.5 from −6 to 0 */
  density_histogram: z.array(z.int()),
}));

const entry = z.object({
  /** cross-entropy of the model as it is */
  ce: z.number(),
  /** positions that count */
  tokens: z.int(),
  /** digest of the coders' settings and weights */
  coders_digest: z.string(),
  features,
  coders: arm,
  /** by name: zero, mean, unigram, skip, random, neurons */
  floors: z.record(z.string(), arm),
});

/** Evaluation at one checkpoint. */
export type TranscoderEvaluation = z.infer<typeof entry>;

const header = z.object({
  /** folder name of the model */
  model: z.string(),
  shape: z.object({ nLayers: z.int(), nHeads: z.int() }),
});

/** Header of the file. */
export type TranscoderEvaluationHeader = z.infer<typeof header>;

/** `transcoders/{model}/{name}/evaluation.json`. */
export const transcoderEvaluations: ResultKind<
  TranscoderEvaluationHeader,
  TranscoderEvaluation,
  [name: string]
> = defineResult({
  format: "circuits-over-time/transcoder-evaluation/1",
  madeBy: "evaluate_transcoder.ts",
  path: (paths, name) => paths.transcoderEvaluation(name),
  header,
  entry,
});
