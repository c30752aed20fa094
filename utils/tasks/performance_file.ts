/**
 * The file of a model's behaviour over training, `results/task_performance/{model}.json`:
 *
 *     { "format", "config", "model", "tasks": { task: { metric: { step: { mean, se, interval: [low, high] } } } } }
 */
import { z } from "zod";
import { openResultFile, type ResultFile, type ResultLayout } from "../results/result_file.ts";
import { bootstrapMeanIntervals, mean, seededIndices, standardError } from "../base/statistics.ts";

const summarySchema = z.object({
  mean: z.number(),
  se: z.number(),
  interval: z.tuple([z.number(), z.number()]),
});
const entrySchema = z.record(z.string(), z.record(z.string(), summarySchema));

/** Mean over prompts, its standard error and its 95 % bootstrap interval. */
export type Summary = z.infer<typeof summarySchema>;

/** What is known of one checkpoint: task → metric → summary. */
export type CheckpointPerformance = z.infer<typeof entrySchema>;

/** Format name of the file. */
export const PERFORMANCE_FORMAT = "circuits-over-time/task-performance/1";

/** Summarises the per-prompt values of a task's metrics; the resamples are the same for all metrics and checkpoints. */
export function summarise(
  values: Record<string, Float64Array>,
  resamples: number,
  seed: number,
): Record<string, Summary> {
  const draw = seededIndices(seed);
  const intervals = bootstrapMeanIntervals(Object.values(values), { resamples, draw });
  return Object.fromEntries(
    Object.entries(values).map(([metric, list], i) => [
      metric,
      { mean: mean(list), se: standardError(list), interval: intervals[i] },
    ]),
  );
}

type BySteps = Record<string, Record<string, Record<string, Summary>>>;

const layout: ResultLayout<CheckpointPerformance> = {
  write(entries) {
    const tasks: BySteps = {};
    for (const [step, entry] of entries) {
      for (const [task, metrics] of Object.entries(entry)) {
        for (const [metric, summary] of Object.entries(metrics)) {
          ((tasks[task] ??= {})[metric] ??= {})[step] = summary;
        }
      }
    }
    return { tasks };
  },
  read({ tasks }) {
    if (typeof tasks !== "object" || tasks === null) return undefined;
    const steps: Record<string, CheckpointPerformance> = {};
    for (const [task, metrics] of Object.entries(tasks as BySteps)) {
      for (const [metric, bySteps] of Object.entries(metrics)) {
        for (const [step, summary] of Object.entries(bySteps)) {
          ((steps[step] ??= {})[task] ??= {})[metric] = summary;
        }
      }
    }
    return steps;
  },
};

/** Opens the file to continue it; see `openResultFile` for what it refuses. */
export function openPerformanceFile(options: {
  path: string;
  model: string;
  settings: Record<string, unknown>;
  weights?: ReadonlyMap<number, string>;
  overwrite?: boolean;
}): Promise<ResultFile<CheckpointPerformance>> {
  const { path, model, settings, weights, overwrite } = options;
  return openResultFile({
    path,
    format: PERFORMANCE_FORMAT,
    settings,
    header: { model },
    entry: entrySchema,
    layout,
    weights,
    overwrite,
  });
}
