/** The settings that scripts on the features of one checkpoint share: model, step, coders, prompts. */
import { z } from "zod";
import { alsoNamed } from "../../cli/mod.ts";
import { FORMAT_NAMES } from "../../transcoders/mod.ts";
import { TASK_NAMES } from "../../tasks/mod.ts";
import { bosKey, type BosSettings } from "../bos.ts";
import { modelKeys } from "../model_keys.ts";

/** Where the coders of a model are by default. */
export const DEFAULT_CODERS = "models/transcoders/{model}/step{step}";

const { model, alt_model, cache_dir, results_dir, device, threads, memory_budget } = modelKeys;

/** Schema fragment: one checkpoint and its coders. */
export const featureModelKeys = {
  ...{ model, alt_model, cache_dir, results_dir, device, threads, memory_budget },
  step: z.int().min(0).optional().describe(
    "training step; default: the last one in the model's folder",
  ),
  coders: z.string().min(1).default(DEFAULT_CODERS).describe(
    "folder or Hub repository of the transcoders, one per layer; {model} and {step} stand for the checkpoint",
  ),
  folded: z.boolean().default(false).describe(
    "fold LayerNorms and centre writing weights, as TransformerLens and transcoder_circuits do; splits heads from biases " +
      "as they do",
  ),
  format: z.enum(FORMAT_NAMES).optional()
    .describe("format of the files; default: what their names say"),
} as const;

/** Schema fragment: prompts as text, as token ids, or of a task. */
export const featurePromptKeys = {
  prompt: z.string().min(1).optional().describe("the prompt as text"),
  tokens: z.array(z.int().min(0)).default([]).describe("the prompt as token ids, instead of text"),
  task: z.string().min(1).optional().describe(
    `prompts of a task instead: one of ${TASK_NAMES.join(", ")}, or a name for task_file`,
  ),
  task_file: z.string().min(1).optional().describe(
    "CSV or JSONL file of your own task: clean, corrupted, correct, wrong",
  ),
  n_prompts: alsoNamed(
    z.int().min(1).max(100_000).default(3).describe("number of a task's prompts"),
    "n",
  ),
  seed: z.int().default(42).describe("random seed of a task's prompts"),
  ...bosKey,
  correct: z.string().min(1).optional().describe(
    'right answer to prompt or tokens, one token, e.g. " Mary"; with token ids also a number',
  ),
  wrong: z.string().min(1).optional().describe("wrong answer to prompt or tokens, one token"),
} as const;

/** What `featureModelKeys` gives a script. */
export type FeatureModelSettings = z.output<z.ZodObject<typeof featureModelKeys>> & BosSettings;

/** What `featurePromptKeys` gives a script. */
export type FeaturePromptSettings = z.output<z.ZodObject<typeof featurePromptKeys>>;
