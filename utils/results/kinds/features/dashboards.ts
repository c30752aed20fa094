/**
 * Dashboards of all features of a checkpoint, `dashboards/{model}/step{step}/dashboards.json`: what each feature fires on, what
 * it writes and reads, and readings with their floors. Lists are flat, so that a file of thousands of features stays small.
 */
import { z } from "zod";
import { defineResult, type ResultKind } from "../../kind.ts";

/** Measure, and its 95 % interval; null where there were too few firings to measure. */
const score = z.tuple([z.number(), z.number(), z.number()]).nullable();

/** token, value, token, value, … with the most extreme first */
const tokenList = z.array(z.number());

/**
 * One example: row, position of the peak, first position, end; then position, activation, … of the non-zero activations in
 * between. Positions count from the row's start.
 */
const examples = z.array(z.array(z.number()));

const histogram = z.object({
  low: z.number(),
  high: z.number(),
  /** values in bins of equal width */
  counts: z.array(z.int()),
});

const rule = z.object({
  /** kind and value of each predicate; a token is its id, a label its text */
  predicates: z.array(z.tuple([z.string(), z.union([z.number(), z.string()])])),
  /** on the held-out half */
  precision: z.number(),
  recall: z.number(),
});

/** Share of a measure between two quantiles of the firings, with examples. */
const band = z.object({
  /** quantiles of the feature's firings, estimated from a sample of them */
  from: z.number(),
  to: z.number(),
  /** smallest and largest activation of the sample in the band */
  low: z.number(),
  high: z.number(),
  examples,
});

const feature = z.object({
  id: z.int(),
  /** positions at which it fired, in all the text */
  firings: z.int(),
  /** mean and largest activation where it fired */
  mean: z.number(),
  max: z.number(),
  /** the rest is absent for a feature that never fired */
  histogram: histogram.optional(),
  top: examples.optional(),
  bands: z.array(band).optional(),
  /** direct effect on the logits */
  raised: tokenList.optional(),
  lowered: tokenList.optional(),
  logits: histogram.optional(),
  /** tokens whose embedding excites and inhibits it */
  excited: tokenList.optional(),
  inhibited: tokenList.optional(),
  /** layer, feature, pull-back, … of features that excite and inhibit it */
  inputs: z.array(z.number()).optional(),
  inhibitors: z.array(z.number()).optional(),
  /** layer, feature, pull-back, … of features of later layers that it excites */
  outputs: z.array(z.number()).optional(),
  /** layer, head, norm, … of the strongest heads */
  heads: z.array(z.number()).optional(),
  /** layer, feature, cosine of the decoders, … */
  similar: z.array(z.number()).optional(),
  /** entropy of firing on the held-out half, bits per token */
  entropy: z.number().optional(),
  scores: z.record(z.string(), score).optional(),
  rule: rule.optional(),
  label: rule.optional(),
});

const summary = z.object({
  /** features with a measure */
  measured: z.int(),
  /** mean over them, and its 95 % interval */
  mean: score,
});

const layer = z.object({
  layer: z.int(),
  input_hook: z.string(),
  output_hook: z.string(),
  features: z.array(feature),
  /** number of features that fired, of the coder and of the random coder */
  alive: z.int(),
  floor_alive: z.int(),
  /** mean number of features that fire on a token, of the coder and of the random coder */
  l0: z.number(),
  floor_l0: z.number(),
  /** by score */
  summary: z.record(
    z.string(),
    z.object({
      coder: summary,
      floor: summary,
      /** 5, 25, 50, 75 and 95 % quantiles over the features of the random coder; empty where none has a measure */
      floor_quantiles: z.array(z.number()),
    }),
  ),
});

const entry = z.object({
  /** digest of the coders */
  coders_digest: z.string(),
  /** positions that count, in all the text */
  tokens: z.int(),
  /** positions that the readings were fitted and measured on */
  fit_tokens: z.int(),
  held_out_tokens: z.int(),
  /** smallest number of firings in either half for a feature to have readings */
  least_firings: z.int(),
  /** names of the readings, in order */
  scores: z.array(z.string()),
  layers: z.array(layer),
  /** number of the row → its token ids, rows of examples only */
  rows: z.record(z.string(), z.array(z.int())),
});

const header = z.object({
  model: z.string(),
  step: z.int(),
  /** where the coders come from */
  coders: z.string(),
  /** text of each token */
  vocabulary: z.array(z.string()),
});

/** Dashboards of one checkpoint. */
export type FeatureDashboards = z.infer<typeof entry>;
/** A layer of them. */
export type DashboardLayer = z.infer<typeof layer>;
/** A feature of them. */
export type DashboardFeature = z.infer<typeof feature>;
/** A rule of a feature. */
export type DashboardRule = z.infer<typeof rule>;
/** A measure and its interval. */
export type DashboardScore = z.infer<typeof score>;
/** Counts of values in bins of equal width. */
export type DashboardHistogram = z.infer<typeof histogram>;
/** Header of the file. */
export type FeatureDashboardsHeader = z.infer<typeof header>;

/** `dashboards/{model}/step{step}/dashboards.json`. */
export const featureDashboards: ResultKind<
  FeatureDashboardsHeader,
  FeatureDashboards,
  [step: number | string]
> = defineResult({
  format: "circuits-over-time/feature-dashboards/1",
  madeBy: "get_feature_dashboards.ts",
  path: (paths, step) => paths.dashboards(step),
  header,
  entry,
});
