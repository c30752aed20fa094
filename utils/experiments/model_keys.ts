/** The settings that every experiment over training shares: which model, which checkpoints, where to compute. */
import { z } from "zod";
import { SCHEDULE_NAMES, type ScheduleName } from "../cli/mod.ts";
import { DEVICES } from "../onnx/mod.ts";

/** A schedule, or `main` for a model that has only one checkpoint. */
export type ModelSchedule = ScheduleName | "main";

/** All schedules. */
export const MODEL_SCHEDULES: [ModelSchedule, ...ModelSchedule[]] = ["main", ...SCHEDULE_NAMES];

/** Schema fragment: spread it into a script's own keys. */
export const modelKeys = {
  model: z.string().default("pythia-nano").describe("model name, Hugging Face id or local folder"),
  alt_model: z.string().nullable().default(null).describe(
    "variant of the model whose weights are loaded, e.g. EleutherAI/pythia-160m-seed1",
  ),
  ckpt_schedule: z.enum(MODEL_SCHEDULES).default("suite").describe(
    "checkpoints to visit; suite: all in the model's folder (step{n} or checkpoint-{n}, or the folder itself) or repository; " +
      "olmo: of these 1000, 2000, 4000, … and the last; polypythias: as all; main: the one checkpoint of a model without " +
      "published steps (counted as step 0)",
  ),
  custom_schedule: z.array(z.int().min(0)).default([])
    .describe("list of steps; unless empty, it replaces the schedule"),
  cache_dir: z.string().optional().describe(
    "folder of downloaded models; default: Hugging Face's cache",
  ),
  results_dir: z.string().min(1).default("results").describe("folder of the results"),
  device: z.enum(DEVICES).default("cpu").describe("where to compute"),
  threads: z.int().min(1).optional()
    .describe("threads of ONNX Runtime; default: one per core, a single one below width 256"),
  memory_budget: z.number().positive().optional()
    .describe("gigabytes of weights kept in memory; default: all"),
  overwrite: z.boolean().default(false).describe("start from scratch instead of continuing"),
} as const;

/** Keys of `modelKeys` that change no number of a result. Scripts name their own such keys. */
export const FREE_KEYS = [
  "ckpt_schedule",
  "custom_schedule",
  "cache_dir",
  "results_dir",
  "device",
  "threads",
  "memory_budget",
  "overwrite",
  "shard",
] as const;

/** What `modelKeys` gives a script. */
export type ModelSettings = z.output<z.ZodObject<typeof modelKeys>>;
