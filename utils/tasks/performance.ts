/**
 * How well a model does its tasks: all metrics of a task on the clean prompts, one value per prompt.
 *
 * Prompts are cut after the read-out position and run in batches of equal length. So nothing is computed for padding or
 * for positions that are not read, and the values do not depend on the batch size.
 */
import { bucketBy, type HookedModel } from "../model/mod.ts";
import type { MetricSummary } from "../results/mod.ts";
import { bootstrapMeanIntervals, mean, seededIndices, standardError } from "../base/mod.ts";
import { computeMetrics } from "./metrics.ts";
import type { MetricName, TaskData } from "./prompt_pair.ts";

/** Returns the metrics that are defined for a task's kind of answers. */
export function metricNamesOf({ mode }: Pick<TaskData, "mode">): readonly MetricName[] {
  const common = ["logit_diff", "prob_diff", "prob_mass", "rank_0", "accuracy", "mrr"] as const;
  return mode === "simple" ? common : [...common, "max_group_mrr"];
}

/** Returns the logits at the read-out position of every clean prompt, `[N, V]`. */
export async function readoutLogits(
  model: HookedModel,
  { prompts }: Pick<TaskData, "prompts">,
  batchSize = 100,
): Promise<Float32Array> {
  const width = model.config.vocabSize;
  const rows = new Float32Array(prompts.length * width);
  for (const batch of bucketBy(prompts, (prompt) => prompt.position, batchSize)) {
    const tokens = batch.map((n) => prompts[n].clean.slice(0, prompts[n].position + 1));
    const logits = await model.logits(tokens, batch.map((n) => prompts[n].position));
    batch.forEach((n, i) => rows.set(logits.data.subarray(i * width, (i + 1) * width), n * width));
  }
  return rows;
}

/** Returns the metrics of a task (default: all that are defined), one value per prompt. */
export async function taskPerformance(
  model: HookedModel,
  data: TaskData,
  options: { batchSize?: number; metrics?: readonly MetricName[] } = {},
): Promise<Record<string, Float64Array>> {
  const logits = await readoutLogits(model, data, options.batchSize);
  return computeMetrics(
    logits,
    model.config.vocabSize,
    data,
    options.metrics ?? metricNamesOf(data),
  );
}

/** Summarises the per-prompt values of a task's metrics. All metrics and checkpoints share the same resamples. */
export function summarise(
  values: Record<string, Float64Array>,
  resamples: number,
  seed: number,
): Record<string, MetricSummary> {
  const intervals = bootstrapMeanIntervals(Object.values(values), {
    resamples,
    draw: seededIndices(seed),
  });
  return Object.fromEntries(
    Object.entries(values).map(([metric, list], i) => [
      metric,
      { mean: mean(list), se: standardError(list), interval: intervals[i] },
    ]),
  );
}
