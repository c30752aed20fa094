/**
 * Config keys that every experiment over training shares, and what they mean: which model, which of its checkpoints,
 * where to compute. The only place where settings meet models.
 */
import { z } from "zod";
import { modelFolder } from "../results/result_path.ts";
import { SCHEDULE_NAMES, type ScheduleName, scheduleSteps } from "../cli/schedules.ts";
import { UserError } from "../base/user_error.ts";
import type { ModelConfig } from "../model/config.ts";
import { openCheckpoint } from "../model/files/checkpoint_files.ts";
import { HookedModel, type ModelOptions } from "../model/hooked_model.ts";
import { resolveModel } from "../model/hub/hub.ts";
import { describeSteps, listLocalSteps } from "../model/hub/local_steps.ts";
import { modelSource } from "../model/hub/model_names.ts";
import { Runtime } from "../model/runtime.ts";
import { weightDigest } from "../model/files/weight_digest.ts";
import { DEVICES } from "../onnx/mod.ts";

/** All schedules, and `main` for models that have but one checkpoint. */
const MODEL_SCHEDULES = ["main", ...SCHEDULE_NAMES] as [ModelSchedule, ...ModelSchedule[]];
type ModelSchedule = ScheduleName | "main";

/** Schema fragment: spread into a script's own keys. */
export const modelKeys = {
  model: z.string().default("pythia-nano").describe("model name, Hugging Face id or local folder"),
  alt_model: z.string().nullable().default(null)
    .describe("variant of the model, e.g. EleutherAI/pythia-160m-seed1; its weights are loaded"),
  ckpt_schedule: z.enum(MODEL_SCHEDULES).default("suite").describe(
    "checkpoints to visit; suite: all steps in the model's folder; main: the one checkpoint of a model without " +
      "published steps (counted as step 0)",
  ),
  custom_schedule: z.array(z.int().min(0)).default([])
    .describe("list of steps; if not empty it replaces the schedule"),
  cache_dir: z.string().optional().describe(
    "folder of downloaded models; default: Hugging Face's cache",
  ),
  results_dir: z.string().min(1).default("results").describe("folder of the results"),
  device: z.enum(DEVICES).default("cpu").describe("where to compute"),
  threads: z.int().min(1).optional()
    .describe(
      "threads of ONNX Runtime; default: one per core, one alone for models below width 256",
    ),
  memory_budget: z.number().positive().optional()
    .describe("gigabytes of weights kept in memory; default: all"),
  overwrite: z.boolean().default(false).describe("start anew instead of continuing"),
} as const;

/** Keys that change no number of a result. */
export const FREE_KEYS = [
  "ckpt_schedule",
  "custom_schedule",
  "cache_dir",
  "results_dir",
  "device",
  "threads",
  "memory_budget",
  "overwrite",
  "large_model",
  "batch_size",
] as const;

export interface ModelSettings {
  model: string;
  alt_model: string | null;
  ckpt_schedule: ModelSchedule;
  custom_schedule: number[];
  cache_dir?: string;
  device: (typeof DEVICES)[number];
  threads?: number;
  memory_budget?: number;
}

/** The model whose weights are loaded: the variant if one is named. */
export const modelName = (config: Pick<ModelSettings, "model" | "alt_model">): string =>
  config.alt_model ?? config.model;

/** Folder name of the model's results. */
export const resultModel = (config: Pick<ModelSettings, "model" | "alt_model">): string =>
  modelFolder(modelName(config));

/**
 * Training steps to visit.
 * @param key what the script calls the schedule
 * @throws UserError naming a step that a local model has not, or a schedule without steps.
 */
export function trainingSteps(config: ModelSettings, key = "ckpt_schedule"): number[] {
  const name = modelName(config);
  const source = modelSource(name);
  const suite = source.kind === "folder" ? listLocalSteps(source.dir) : undefined;
  const schedule = config.custom_schedule.length > 0 ? "custom" : config.ckpt_schedule;
  if (schedule === "suite" && !suite?.length) {
    throw new UserError(
      `${key}: "suite" visits the steps in a local model folder, but ${name} has none; choose one of ${
        MODEL_SCHEDULES.filter((s) => s !== "suite").join(", ")
      }`,
      2,
    );
  }
  if (schedule === "main") {
    if (suite?.length) {
      throw new UserError(
        `${key}: "main" is for models that have but one checkpoint; ${name} has ${suite.length} steps, ` +
          `the last of them by custom_schedule [${suite.at(-1)}]`,
        2,
      );
    }
    return [0];
  }
  const steps = scheduleSteps(schedule, { custom: config.custom_schedule, suite });
  const missing = suite && steps.find((step) => !suite.includes(step));
  if (missing !== undefined) {
    throw new UserError(
      `${key}: ${name} has no step ${missing}; ${describeSteps(`step${missing}`, suite!)}`,
      2,
    );
  }
  return steps;
}

/**
 * One runtime for all checkpoints of a run: compiled sessions are shared. Products of a small model are too short to be
 * worth dividing: threads would wait for each other longer than they compute.
 */
export function runtimeOf({ device, threads }: ModelSettings, model: ModelConfig): Runtime {
  return new Runtime({ device, threads: threads ?? (model.dModel < 256 ? 1 : undefined) });
}

/** Folder of a checkpoint, downloaded if need be. */
export function checkpointFolder(
  config: ModelSettings,
  step: number,
  onProgress?: ModelOptions["onProgress"],
): Promise<string> {
  const main = config.ckpt_schedule === "main" && config.custom_schedule.length === 0;
  return resolveModel(modelName(config), {
    revision: main ? "main" : `step${step}`,
    cacheDir: config.cache_dir,
    onProgress,
  });
}

/**
 * Digests of the weights at these steps, for a model in a folder, where they may be replaced; else none. Damaged ones
 * have none: opening the checkpoint says what is wrong, where it is needed at all.
 */
export async function localWeights(
  config: ModelSettings,
  steps: readonly number[],
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  if (modelSource(modelName(config)).kind !== "folder") return found;
  for (const step of steps) {
    const dir = await checkpointFolder(config, step);
    const files = await openCheckpoint(dir).catch(() => undefined);
    files?.close();
    const digest = files && await weightDigest(dir);
    if (digest !== undefined) found.set(step, digest);
  }
  return found;
}

/** Opens a checkpoint; small models are read at once, so that the next is in memory when its turn comes. */
export async function openCheckpointModel(
  config: ModelSettings,
  step: number,
  runtime: Runtime,
  options: ModelOptions = {},
): Promise<HookedModel> {
  const dir = await checkpointFolder(config, step, options.onProgress);
  const memoryBudget = config.memory_budget && config.memory_budget * 1e9;
  const model = await HookedModel.load(dir, { ...options, runtime, memoryBudget });
  const small = model.weights.totalBytes < 1e9 && memoryBudget === undefined;
  if (small) await model.weights.load();
  return model;
}
