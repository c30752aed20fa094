/**
 * The tasks by name: number of prompts, metric, and how to make the prompts for a tokenizer.
 */
import { UserError } from "../base/mod.ts";
import type { Tokenizer } from "../model/mod.ts";
import { genderPronounPairs } from "./gender_pronoun.ts";
import { greaterThanPairs } from "./greater_than.ts";
import { ioiPairs } from "./ioi.ts";
import { IOI_FLIPS, type IoiFlipName } from "./ioi_flips.ts";
import { madeUpFactPairs } from "./made_up/mod.ts";
import type { PromptPair, TaskData, TaskMetric } from "./prompt_pair.ts";
import { svaPairs } from "./sva.ts";
import { loadUserTask, type UserTaskOptions } from "./user_task.ts";

export { readoutOf } from "./readout.ts";

/** The part of a task that does not depend on the tokenizer. */
export interface TaskDefinition {
  /** Number of prompts for finding and measuring circuits. */
  circuitN: number;
  /** Number of prompts for measuring the model's behaviour. */
  performanceN: number;
  /** The differentiable metric for finding circuits, and how answers are compared. */
  metric: TaskMetric;
  /** Makes the prompts for a tokenizer. @throws Error if the tokenizer does not fit the task. */
  pairs(tokenizer: Tokenizer, n: number, seed: number, flip?: IoiFlipName): PromptPair[];
}

/** The built-in tasks, with the sizes and metrics of Tigges et al. (2024). */
export const TASKS: Readonly<Record<string, TaskDefinition>> = {
  ioi: {
    circuitN: 70,
    performanceN: 70,
    metric: { name: "logit_diff", mode: "simple" },
    pairs: ioiPairs,
  },
  greater_than: {
    circuitN: 200,
    performanceN: 1000,
    metric: { name: "prob_diff", mode: "group_sum" },
    pairs: greaterThanPairs,
  },
  sva: {
    circuitN: 200,
    performanceN: 1000,
    metric: { name: "prob_diff", mode: "group_sum" },
    pairs: svaPairs,
  },
  gender_pronoun: {
    circuitN: 100,
    performanceN: 100,
    metric: { name: "logit_diff", mode: "simple" },
    pairs: genderPronounPairs,
  },
  capitals: {
    circuitN: 24,
    performanceN: 24,
    metric: { name: "logit_diff", mode: "simple" },
    pairs: (tokenizer, n, seed) => madeUpFactPairs("capitals", tokenizer, n, seed),
  },
  two_hop: {
    circuitN: 48,
    performanceN: 48,
    metric: { name: "logit_diff", mode: "simple" },
    pairs: (tokenizer, n, seed) => madeUpFactPairs("two_hop", tokenizer, n, seed),
  },
};

/** Names of the tasks of Tigges et al. (2024), for models of any training text. */
export const PAPER_TASK_NAMES: readonly string[] = ["ioi", "greater_than", "sva", "gender_pronoun"];

/** Names of all built-in tasks: those of the paper, and facts of the made-up world that `pythia-nano` learns. */
export const TASK_NAMES: readonly string[] = Object.keys(TASKS);

/** How the prompts of a task are made. */
export interface TaskOptions extends UserTaskOptions {
  /** Number of prompts; default {@link TaskDefinition.circuitN}. `sva` and `gender_pronoun` have a natural limit. */
  n?: number;
  /** Random seed, 42 by default; the same seed and tokenizer give the same prompts. */
  seed?: number;
  /** Path of a user's CSV or JSONL file (see `user_task.ts`); `task` is then only a name. */
  file?: string;
  /** How the corrupted prompt differs; `ioi` only. */
  flip?: IoiFlipName;
}

/**
 * Makes the prompts of a task; they are the same for every checkpoint with this tokenizer.
 * @throws UserError (exit code 2) that names an unknown task and the known ones, the fault in a user's file, or a prompt
 *   that does not fit the tokenizer.
 * @example
 * ```ts
 * import { loadTask, readoutOf } from "./mod.ts";
 * import { HookedModel, loadTokenizer } from "../model/mod.ts";
 * import { assertGreater } from "@std/assert";
 *
 * const model = await HookedModel.load("pythia-nano", { revision: "step6144" });
 * const task = await loadTask("ioi", await loadTokenizer(model.dir!), { n: 4 });
 * const clean = task.prompts.map((prompt) => prompt.clean);
 * const positions = task.prompts.map((prompt) => prompt.position);
 * const differences = await model.metric(clean, positions, readoutOf(task));
 * assertGreater(Math.min(...differences), 0);
 * ```
 */
export async function loadTask(
  task: string,
  tokenizer: Tokenizer,
  options: TaskOptions = {},
): Promise<TaskData> {
  try {
    return await makeTask(task, tokenizer, options);
  } catch (cause) {
    if (!(cause instanceof Error) || cause.constructor !== Error) throw cause;
    throw new UserError(cause.message, 2, { cause });
  }
}

async function makeTask(
  task: string,
  tokenizer: Tokenizer,
  options: TaskOptions,
): Promise<TaskData> {
  if (options.file !== undefined) return await loadUserTask(task, options.file, tokenizer, options);
  const definition = taskDefinition(task);
  const n = options.n ?? definition.circuitN;
  if (!Number.isInteger(n) || n < 1) {
    throw new Error(`task ${task}: expected a whole number of prompts ≥ 1, found ${n}`);
  }
  if (options.flip !== undefined && !Object.hasOwn(IOI_FLIPS, options.flip)) {
    const names = Object.keys(IOI_FLIPS).join(", ");
    throw new Error(`task ${task}: unknown flip "${options.flip}": expected one of ${names}`);
  }
  const prompts = definition.pairs(tokenizer, n, options.seed ?? 42, options.flip);
  return { task, prompts, metric: definition.metric, mode: definition.metric.mode };
}

/** Returns the definition of a built-in task. @throws Error listing the known names if there is none. */
export function taskDefinition(task: string): TaskDefinition {
  if (Object.hasOwn(TASKS, task)) return TASKS[task];
  throw new Error(
    `unknown task "${task}": expected one of ${
      TASK_NAMES.join(", ")
    }, or a name of your own with a file`,
  );
}
