/** Settings of circuits in features over training. */
import { z } from "zod";
import { ABLATIONS, MEASURES } from "../../feature_circuits/mod.ts";
import { TASK_NAMES } from "../../tasks/mod.ts";
import { bosKey } from "../bos.ts";
import { modelKeys } from "../model_keys.ts";
import { shardKey } from "../shard.ts";

/** The schema of the settings. */
export const featureCircuitSchema = z.object({
  ...modelKeys,
  ...shardKey,
  ...bosKey,
  tasks: z.array(z.enum(TASK_NAMES as [string, ...string[]])).min(1)
    .default(["ioi", "greater_than", "sva", "gender_pronoun"]).describe(
      "tasks to find circuits of",
    ),
  coders: z.string().min(1).default("models/transcoders/{model}/step{step}").describe(
    "transcoders at each checkpoint, one per layer: a folder, where {step} stands for the checkpoint and {model} for the model",
  ),
  warm_coders: z.string().nullable().default(null).describe(
    "another set, in which each checkpoint's coders start from those of the checkpoint before",
  ),
  seed_coders: z.array(z.string()).default([]).describe(
    "sets from other random seeds of the coders",
  ),
  null_model: z.string().nullable().default(null).describe(
    "the model from another random seed, whose features match by chance only",
  ),
  null_coders: z.string().nullable().default(null).describe("transcoders of null_model"),
  n_prompts: z.int().min(4).max(100_000).default(24).describe("prompts of each task"),
  seed: z.int().default(42).describe("random seed of prompts, text, controls and resampling"),
  ablation: z.enum(ABLATIONS).default("mean").describe(
    "what a feature outside the circuit gets: its mean at the role over corrupted prompts, or zero",
  ),
  measure: z.enum(MEASURES).default("normalized").describe(
    "what the search compares with the threshold: metric / metric of the whole model, or the same less the metric with " +
      "all features ablated",
  ),
  search_type: z.enum(["adaptive", "linear", "binary"]).default("adaptive").describe(
    "how the search steps through sizes",
  ),
  threshold: z.number().default(0.8).describe("faithfulness that the circuit must exceed"),
  start: z.int().min(1).default(5).describe("smallest size of the search"),
  end: z.int().min(1).default(400).describe("largest size of the search"),
  step: z.int().min(1).default(10).describe("first stride of the search"),
  absolute: z.boolean().default(true).describe("rank features by absolute effect"),
  bootstrap: z.int().min(1).max(100_000).default(200).describe(
    "resamples of prompts, and shifts of the null",
  ),
  edge_share: z.number().min(0).default(0.01).describe(
    "smallest share of a feature's input that counts as an edge",
  ),
  max_edges: z.int().min(1).default(150).describe("largest number of edges of a circuit"),
  inputs: z.int().min(1).default(12).describe("sources kept for each feature of the final circuit"),
  text_tokens: z.int().min(64).default(4096).describe(
    "tokens of the embedded corpus' validation split on which features are compared",
  ),
  context: z.int().min(4).default(64).describe("tokens per row of that text"),
});

/** The settings of a run. */
export type FeatureCircuitConfig = z.output<typeof featureCircuitSchema>;

const SETS = [
  "tasks",
  "coders",
  "warm_coders",
  "seed_coders",
  "null_model",
  "null_coders",
] as const;
const CIRCUIT = [
  "ablation",
  "measure",
  "search_type",
  "threshold",
  "start",
  "end",
  "step",
  "absolute",
  "edge_share",
  "max_edges",
] as const;

/** Keys that change no number of the circuits. Entries keep a digest of the coders. */
export const FREE_FOR_CIRCUITS = [...SETS, "inputs", "text_tokens", "context"] as const;

/** Keys that change no number of the identity of features. */
export const FREE_FOR_IDENTITY = [
  ...CIRCUIT,
  "tasks",
  "coders",
  "warm_coders",
  "bootstrap",
  "inputs",
  "n_prompts",
] as const;

/** Keys that change no number of the formation; what it is computed from has digests. */
export const FREE_FOR_FORMATION = [...SETS] as const;
