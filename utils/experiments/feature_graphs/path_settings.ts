/** The settings of get_feature_paths.ts. */
import { z } from "zod";
import { PATH_CAPS } from "../../feature_circuits/mod.ts";
import { featureModelKeys, featurePromptKeys } from "./settings.ts";

/** What the script computes. */
export const PATH_ANALYSES = ["paths", "pullback", "deembedding", "ov", "ixg"] as const;

/** What paths lead to. */
export const PATH_ROOTS = ["feature", "difference", "direction"] as const;

/** Schema of the settings. */
export const featurePathSchema = z.object({
  analysis: z.enum(PATH_ANALYSES).default("paths").describe(
    "paths: greedy paths to a feature or an answer on prompts; pullback: connections with features of earlier layers; " +
      "deembedding: the tokens that excite it; ov: norms through every head; ixg: mean input × gradient over text. Also the " +
      "script's first argument",
  ),
  ...featureModelKeys,
  ...featurePromptKeys,
  root: z.enum(PATH_ROOTS).optional().describe(
    "a feature; the difference of answers, read through the final LayerNorm; or the same direction in the stream, as " +
      "transcoder_circuits takes it; default: feature if one is given, else difference",
  ),
  layer: z.int().min(0).optional().describe("layer of the feature"),
  feature: z.int().min(0).optional().describe("number of the feature"),
  position: z.int().default(-1).describe("position of the feature; negative from the end"),
  iterations: z.int().min(1).default(3).describe("paths: number of extensions"),
  branches: z.int().min(1).default(5).describe("paths: number of paths kept at each extension"),
  cap: z.enum(PATH_CAPS).default("none").describe(
    "paths: largest contribution: none, that of the last feature on the path, or the smallest on it",
  ),
  first_source: z.boolean().default(false)
    .describe("paths: also follow heads to position 0"),
  filter: z.string().default("").describe(
    'paths: components that the search may take, e.g. "layer>=1, type!=embed"',
  ),
  infix: z.string().optional().describe(
    'paths: show those with these neighbours, e.g. "type=mlp,layer=2 <- type=attn"',
  ),
  not_infix: z.string().optional().describe("paths: show those without these neighbours"),
  suffix: z.string().optional().describe("paths: show those that end so"),
  sum_tokens: z.boolean().default(false)
    .describe("paths: add up positions in the graph of paths"),
  from_layers: z.array(z.int().min(0)).default([]).describe(
    "pullback, ixg: layers of the earlier features; default: all that the feature reads",
  ),
  heads: z.array(z.string().regex(/^\d+\.\d+$/)).default([]).describe(
    "deembedding, pullback: also through these heads, layer.head, e.g. 0.3",
  ),
  k: z.int().min(1).default(7).describe("number of largest and of smallest entries to show"),
  text: z.string().min(1).optional().describe(
    "ixg: text or token file; default: the validation split of the embedded corpus",
  ),
  rows: z.enum(["packed", "padded", "stored"]).default("packed")
    .describe("ixg: how the documents of a file become rows"),
  context: z.int().min(2).default(64).describe("ixg: tokens per row"),
  batch: z.int().min(1).default(16).describe("ixg: rows per batch"),
  text_tokens: z.int().min(1).default(16_384).describe("ixg: tokens to average over"),
  include_eos: z.boolean().default(false)
    .describe("ixg: also count positions of the end-of-text token"),
  slug: z.string().min(1).optional().describe("name of the file; default: made from the settings"),
}).superRefine(({ analysis, root, layer, feature }, context) => {
  const needed = analysis !== "paths" || root === "feature";
  const half = (layer === undefined) !== (feature === undefined);
  for (const [key, value] of Object.entries({ layer, feature })) {
    if (value !== undefined || !(needed || half)) continue;
    context.addIssue({
      code: "custom",
      path: [key],
      message: `expected a number: ${analysis} needs layer and feature`,
    });
  }
});

/** The settings. */
export type FeaturePathSettings = z.output<typeof featurePathSchema>;
