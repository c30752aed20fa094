/** Settings of dashboards of features. */
import { z } from "zod";
import { alsoNamed } from "../../cli/mod.ts";
import { FORMAT_NAMES } from "../../transcoders/mod.ts";
import { DEFAULT_CODERS } from "../feature_graphs/mod.ts";
import { modelKeys } from "../model_keys.ts";

/** Files of other tools that the script writes. */
export const DASHBOARD_EXPORTS = ["circuit-tracer", "neuronpedia"] as const;

const { ckpt_schedule: _, custom_schedule: __, ...model } = modelKeys;

/** The schema of the settings. */
export const dashboardSchema = z.object({
  ...model,
  custom_schedule: alsoNamed(
    z.array(z.int().min(0)).default([])
      .describe("steps to make dashboards of; default: the last one that has coders"),
    "checkpoints",
  ),
  coders: z.string().min(1).default(DEFAULT_CODERS).describe(
    "folder or Hub repository of the transcoders; {model} and {step} stand for the checkpoint",
  ),
  format: z.enum(FORMAT_NAMES).optional()
    .describe("format of the files; default: what their names say"),
  layers: z.array(z.int().min(0)).optional().describe(
    "layers to make dashboards of; default: all. Inputs come from these layers only",
  ),
  text: z.string().min(1).optional().describe(
    "text or token file; default: the validation split of the embedded corpus, whose generator labels every token",
  ),
  rows: z.enum(["packed", "padded", "stored"]).default("packed")
    .describe("how the documents of a file become rows"),
  context: z.int().min(2).default(64).describe("tokens per row"),
  batch: z.int().min(1).default(16).describe("rows per batch"),
  text_tokens: z.int().min(1).default(65_536).describe("tokens of the pass over text"),
  reading_tokens: z.int().min(64).default(65_536).describe(
    "tokens of it that readings are fitted and measured on, half each; they bound the memory",
  ),
  include_eos: z.boolean().default(false).describe("also count positions of the end-of-text token"),
  seed: z.int().default(0).describe(
    "random seed of the text, of the sampled firings and of the random coder",
  ),
  top: z.int().min(1).default(8).describe("top examples of a feature, one per row"),
  bands: z.int().min(1).default(4).describe("quantile bands of a feature's firings"),
  per_band: z.int().min(1).default(3).describe("examples from each band"),
  before: z.int().min(0).default(23).describe("tokens shown before an example's peak"),
  after: z.int().min(0).default(8).describe("tokens shown after it"),
  tokens_shown: z.int().min(1).default(8).describe("tokens in each list of logits and embeddings"),
  inputs_shown: z.int().min(1).default(6).describe("features and heads in each list of inputs"),
  similar_shown: z.int().min(1).default(6).describe("similar features"),
  exports: z.array(z.enum(DASHBOARD_EXPORTS)).default(["circuit-tracer"]).describe(
    "feature files of other tools to write beside the dashboards",
  ),
  scan: z.string().min(1).optional().describe(
    "name of the set of transcoders in those files; default: the model",
  ),
});

/** The settings. */
export type DashboardSettings = z.output<typeof dashboardSchema>;

/** Keys that change no number of the dashboards. */
export const FREE_FOR_DASHBOARDS = ["batch", "exports", "scan"];
