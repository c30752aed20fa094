/**
 * Tasks: clean and corrupted prompts with their answers, and the metrics that compare the answers.
 *
 * `loadTask` makes the prompts of a built-in task, or of a user's file, for a tokenizer; `readoutOf` turns its metric into
 * weights on logits or probabilities; `promptBatches` groups the prompts for a run of the model; `taskPerformance`
 * measures how well a model does a task.
 */
export { IOI_FLIPS, type IoiFlipName } from "./ioi_flips.ts";
export {
  COUNTRIES,
  type Country,
  isCapitalPrompt,
  isTwoHopPrompt,
  SHARED_FACTS,
} from "./made_up/mod.ts";
export { computeMetrics, METRIC_NAMES } from "./metrics.ts";
export { metricNamesOf, readoutLogits, summarise, taskPerformance } from "./performance.ts";
export {
  type BatchOptions,
  batchRows,
  batchTokens,
  type PromptBatch,
  promptBatches,
  readoutRows,
} from "./prompt_batches.ts";
export { promptDigest } from "./prompt_digest.ts";
export {
  type AnswerMode,
  type MetricName,
  type PromptPair,
  type TaskData,
  type TaskMetric,
} from "./prompt_pair.ts";
export { readoutOf } from "./readout.ts";
export {
  firstDifference,
  type PairTokens,
  prefixPast,
  sharedLength,
  splitPrompt,
} from "./shared_prefix.ts";
export {
  loadTask,
  PAPER_TASK_NAMES,
  TASK_NAMES,
  type TaskDefinition,
  taskDefinition,
  type TaskOptions,
  TASKS,
} from "./tasks.ts";
export {
  checkUserTask,
  loadUserTask,
  type TaskCheck,
  taskNameOf,
  type UserTaskOptions,
} from "./user_task.ts";
export * from "./words/mod.ts";
