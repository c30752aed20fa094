/** Settings of the main experiment: the original script's keys, typed, and keys for what its code had fixed. */
import { z } from "zod";
import { LEAST_RISES, UserError } from "../../base/mod.ts";
import { TASK_NAMES, taskNameOf } from "../../tasks/mod.ts";
import { bosKey } from "../bos.ts";
import { modelKeys } from "../model_keys.ts";
import { shardKey } from "../shard.ts";
import { EDGE_METHODS, INTERVENTIONS, PALETTE_NAMES, PATH_RULES } from "../../circuits/mod.ts";

/** The schema of the settings. */
export const circuitSchema = z.object({
  task: z.string().regex(/^[\p{L}\p{N}_-][\p{L}\p{N}_. -]*$/u).default("ioi")
    .describe(
      "ioi, greater_than, sva, gender_pronoun; for pythia-nano also capitals, two_hop; " +
        "or a name for the prompts in task_file (default: the file's name)",
    ),
  task_file: z.string().optional()
    .describe("CSV or JSONL file of your own task: clean, corrupted, correct, wrong"),
  ...modelKeys,
  ...shardKey,
  ...bosKey,
  eval_metric: z.enum(["task", "logit_diff", "prob_diff"]).default("task")
    .describe("metric of the circuit; task: the task's own metric"),
  batch_size: z.int().min(1).default(10).describe("most prompts in one batch"),
  large_model: z.boolean().default(false)
    .describe("ignored; kept so that original configs load (see memory_budget)"),
  n_prompts: z.int().min(1).max(100_000).optional().describe(
    "prompts; default: the paper's number for the task",
  ),
  seed: z.int().default(42).describe(
    "random seed for prompts, random circuits and resampling",
  ),
  method: z.enum(EDGE_METHODS).default("EAP-IG-inputs").describe("how edges are scored"),
  ig_steps: z.int().min(1).max(10_000).default(30).describe(
    "points of the integration path; adaptive does not use it",
  ),
  quadrature: z.enum(PATH_RULES).default("reference").describe(
    "points and weights of the integral; adaptive: as many midpoints as each prompt needs",
  ),
  tolerance: z.number().min(0.0001).max(1).default(0.01).describe(
    "for adaptive: largest error of a prompt's scores, as a share of the mean change of the metric",
  ),
  intervention: z.enum(INTERVENTIONS).default("patching").describe(
    "what an edge outside the circuit carries",
  ),
  compat: z.boolean().default(false).describe(
    "reproduce the EAP-IG package, its mistakes included (README)",
  ),
  selection: z.enum(["greedy", "topn"]).default("greedy").describe("how edges are chosen"),
  absolute: z.boolean().default(true).describe("rank edges by absolute score"),
  top_n: z.int().min(1).default(400).describe("edges of the circuit if verify is off"),
  verify: z.boolean().default(true).describe("search for the smallest faithful circuit"),
  search_type: z.enum(["adaptive", "linear", "binary"]).default("adaptive").describe(
    "how the search steps through sizes",
  ),
  threshold: z.number().default(0.8).describe("faithfulness that the circuit must exceed"),
  least_rise: z.number().min(0).optional().describe(
    "the model does the task where the metric rises by more than this from corrupted to clean prompts; " +
      `default: ${LEAST_RISES.logit_diff} for logit_diff, ${LEAST_RISES.prob_diff} for prob_diff`,
  ),
  start: z.int().min(1).default(25).describe("smallest size of the search"),
  end: z.int().min(1).default(1600).describe("largest size of the search"),
  step: z.int().min(1).default(25).describe("first stride of the search"),
  random_baseline: z.boolean().default(true).describe("evaluate random circuits of the same sizes"),
  mib: z.boolean().default(false).describe(
    "also compute CPR and CMD of the MIB benchmark (20 more circuits)",
  ),
  bootstrap: z.int().min(0).max(100_000).default(0).describe(
    "resamples for intervals and stability; 0: none",
  ),
  transfer: z.boolean().default(false)
    .describe("evaluate the circuit of every checkpoint in the model of every other"),
  attention_prompts: z.int().min(0).max(64).default(0).describe(
    "prompts on which the page shows where each head attends, at every checkpoint; 0: none",
  ),
  pictures: z.boolean().default(true).describe("draw every circuit as SVG and PNG"),
  palette: z.enum(PALETTE_NAMES).default("field").describe(
    "colours of the pictures: EAP-IG's, or ones that colour-blind readers tell apart",
  ),
  graph_format: z.union([z.literal(1), z.literal(2), z.literal("safetensors")]).default(2).describe(
    "graph files as EAP-IG writes them now (2) or as the original project did (1); safetensors: as float16 tensors, a " +
      "tenth of the size, for models of billions of parameters",
  ),
});

/**
 * Returns the settings with the name of the task: that of the file of prompts if no other is given, or only that of a
 * built-in task. Says so, since results are filed under it.
 */
export function withTaskName<C extends { task: string; task_file?: string }>(config: C): C {
  const task = taskNameOf(config.task, config.task_file, TASK_NAMES)!;
  if (task !== config.task) {
    console.log(`task ${task}: the prompts of ${config.task_file}; --task gives it another name`);
  }
  return { ...config, task };
}

/** Returns the keys that change no number of a result, in addition to those of the model. */
export function freeCircuitKeys({ quadrature }: CircuitConfig): (keyof CircuitConfig)[] {
  const path = quadrature === "adaptive" ? "ig_steps" : "tolerance";
  return [
    "batch_size",
    "large_model",
    "transfer",
    "attention_prompts",
    "pictures",
    "palette",
    path,
  ];
}

/** Checks that settings fit together. @throws UserError if they contradict each other. */
export function checkCircuitConfig(
  { verify, start, end, method, quadrature, intervention }: Pick<
    CircuitConfig,
    "verify" | "start" | "end" | "method" | "quadrature" | "intervention"
  >,
): void {
  const needsCorrupted = method === "EAP-IG-inputs" || method === "clean-corrupted";
  if (intervention !== "patching" && needsCorrupted) {
    const others = EDGE_METHODS.filter((m) => m !== "EAP-IG-inputs" && m !== "clean-corrupted");
    throw new UserError(
      `intervention: expected patching, because the method ${method} moves towards corrupted prompts, found ` +
        `${intervention}; for ${intervention} choose one of the methods ${others.join(", ")}`,
      2,
    );
  }
  if (quadrature === "adaptive" && method !== "EAP-IG-inputs") {
    throw new UserError(
      `quadrature: adaptive measures the error of paths of the input, so method must be EAP-IG-inputs, found ${method}`,
      2,
    );
  }
  if (verify && start > end) {
    throw new UserError(
      `start: expected at most end, the largest size of the search, which is ${end}; found ${start}`,
      2,
    );
  }
}

/** The settings of a run. */
export type CircuitConfig = z.output<typeof circuitSchema>;
