/** The prompts of a circuit experiment, the same at every checkpoint, and how their metric is read. */
import { UserError } from "../../base/mod.ts";
import { promptText, type Readout, type Tokenizer } from "../../model/mod.ts";
import {
  loadTask,
  promptDigest,
  type PromptPair,
  readoutOf,
  type TaskMetric,
} from "../../tasks/mod.ts";
import type { CircuitConfig } from "./settings.ts";

/** A task with its prompts. */
export interface CircuitTask {
  /** the task's name in paths */
  name: string;
  /** pairs of a clean and a corrupted prompt */
  prompts: PromptPair[];
  /** what is read off the logits, and where */
  readout: Readout;
  /** name of the metric */
  metric: TaskMetric["name"];
  /** the first prompt, as text */
  example: { clean: string; corrupted: string; correct: string; wrong: string };
  /** `promptDigest` of the prompts of a user's file */
  digest?: string;
}

/**
 * Makes or reads the prompts.
 * @throws UserError naming an unknown task, a prompt that does not fit the tokenizer, or prompts whose clean and
 *   corrupted versions are all equal.
 */
export async function loadCircuitTask(
  config: CircuitConfig,
  tokenizer: Tokenizer,
): Promise<CircuitTask> {
  const data = await loadTask(config.task, tokenizer, {
    n: config.n_prompts,
    seed: config.seed,
    file: config.task_file,
  });
  if (config.eval_metric !== "task") {
    const mode = config.eval_metric === "prob_diff" && data.mode === "groups"
      ? "group_sum"
      : data.metric.mode;
    data.metric = { name: config.eval_metric, mode };
  }
  const [first] = data.prompts;
  const read = (ids: number[], position: number) => ids.slice(0, position + 1).join();
  if (data.prompts.every((p) => read(p.clean, p.position) === read(p.corrupted, p.position))) {
    throw new UserError(
      `${
        config.task_file ?? config.task
      }: clean and corrupted prompts are the same up to the read-out in all ` +
        `${data.prompts.length} pairs; circuits are found from their difference`,
      2,
    );
  }
  const shown = (ids: number[]) => ids.slice(0, 3).map((id) => tokenizer.decode([id])).join(" ");
  return {
    name: config.task,
    prompts: data.prompts,
    readout: readoutOf(data),
    metric: data.metric.name,
    digest: config.task_file === undefined ? undefined : await promptDigest(data),
    example: {
      clean: promptText(tokenizer, first.clean.slice(0, first.position + 1)),
      corrupted: promptText(tokenizer, first.corrupted.slice(0, first.position + 1)),
      correct: shown(first.correct),
      wrong: shown(first.wrong),
    },
  };
}
