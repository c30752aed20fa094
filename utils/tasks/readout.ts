/**
 * The differentiable metrics as weights on the read-out row.
 *
 * Both are linear in the row or in its softmax:
 * value_n = Σ_j weights[n, j] · f(row_n)[ids[n, j]], f the identity (logit difference) or softmax
 * (probability difference). The weights are
 *
 * - `simple`, `pairs`: +1/k on each correct and −1/k on each wrong id of k pairs;
 * - `groups`: +1/size on the correct and −1/size on the wrong group (an empty group counts 0);
 * - `group_sum`: ±1 for the probability difference; the logit difference has no sum form and uses
 *   group means.
 */
import type { Readout } from "../model/mod.ts";
import type { AnswerMode, PromptPair, TaskData, TaskMetric } from "./prompt_pair.ts";

/** Returns the weights of a prompt's correct ids, followed by those of its wrong ids. */
export function answerWeights(
  { correct, wrong }: PromptPair,
  metric: TaskMetric["name"],
  mode: AnswerMode,
): number[] {
  const summed = mode === "group_sum" && metric === "prob_diff";
  return [
    ...correct.map(() => summed ? 1 : 1 / correct.length),
    ...wrong.map(() => summed ? -1 : -1 / wrong.length),
  ];
}

/** Returns the task's metric ({@link TaskData.metric}) as a linear functional, one row per prompt. */
export function readoutOf(data: TaskData): Readout {
  const { name, mode } = data.metric;
  const width = data.prompts.reduce((w, p) => Math.max(w, p.correct.length + p.wrong.length), 0);
  const ids = new Int32Array(data.prompts.length * width);
  const weights = new Float32Array(ids.length);
  data.prompts.forEach((prompt, n) => {
    ids.set([...prompt.correct, ...prompt.wrong], n * width);
    weights.set(answerWeights(prompt, name, mode), n * width);
  });
  return { kind: name === "logit_diff" ? "logits" : "probabilities", ids, weights, width };
}
