/** What a dry run does in place of a run: says which checkpoints it would measure, without fetching any. */
import { isDryRun } from "../../cli/mod.ts";
import { isFile } from "../../base/mod.ts";
import {
  loadTokenizer,
  type ModelConfig,
  readModelConfig,
  type Tokenizer,
  unitBytes,
  unitNames,
} from "../../model/mod.ts";
import { type ModelRef, SMALL_MODEL } from "../model_ref.ts";
import { Estimator } from "./estimator.ts";
import { plannedModel } from "./planned_model.ts";

/** What holds for all checkpoints of a run. */
export interface LastCheckpoint {
  tokenizer: Tokenizer;
  model: ModelConfig;
  /** rehearses a run that is only planned */
  estimator?: Estimator;
}

/** Returns what holds for all checkpoints: from the last one, or for a dry run from what is here. */
export async function openLast(
  ref: ModelRef,
  steps: readonly number[],
): Promise<LastCheckpoint> {
  const last = steps.at(-1)!;
  if (!isDryRun()) {
    const folder = await ref.folder(last);
    return { tokenizer: await loadTokenizer(folder), model: await readModelConfig(folder) };
  }
  const planned = await plannedModel(ref, last);
  const { config: model, tokenizer } = planned, { memoryBudget: budget } = ref;
  const ahead = steps.length > 1 && budget === undefined && modelBytes(model) < SMALL_MODEL;
  return { tokenizer, model, estimator: new Estimator(planned, { budget, models: ahead ? 2 : 1 }) };
}

const modelBytes = (model: ModelConfig) =>
  unitNames(model).reduce((sum, unit) => sum + unitBytes(model, unit), 0);

/** Returns what `--dry-run` says: the checkpoints that have results, those to measure, and where results go. */
export function planLines(
  steps: readonly number[],
  isDone: (step: number) => boolean,
  files: readonly { path: string }[],
): string[] {
  const done = steps.filter(isDone), todo = steps.filter((step) => !isDone(step));
  const count = (list: readonly number[]) =>
    `${list.length} ${list.length === 1 ? "checkpoint" : "checkpoints"}`;
  return [
    `${count(todo)} to measure${todo.length > 0 ? `: ${todo.join(", ")}` : ""}`,
    `${count(done)} with results${done.length > 0 ? `: ${done.join(", ")}` : ""}`,
    ...files.map(({ path }) => `results in ${path} (${isFile(path) ? "there already" : "new"})`),
  ];
}
