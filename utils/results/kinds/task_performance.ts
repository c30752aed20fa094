/**
 * A model's performance on its tasks, `task_performance/{model}.json`. Unlike the other files it holds the tasks and
 * metrics before the steps, as figure 1 reads them:
 *
 *     { "format", "config", "model", "tasks": { task: { metric: { step: { mean, se, interval: [low, high] } } } } }
 */
import { z } from "zod";
import { isObject } from "../../base/mod.ts";
import { defineResult, type ResultKind } from "../kind.ts";

const summary = z.object({
  mean: z.number(),
  /** standard error */
  se: z.number(),
  /** 95 % bootstrap interval */
  interval: z.tuple([z.number(), z.number()]),
});

/** Mean over prompts, its standard error and its 95 % bootstrap interval. */
export type MetricSummary = z.infer<typeof summary>;

/** Nested objects: outer → middle → inner key → value. */
type Nested<Value> = Record<string, Record<string, Record<string, Value>>>;

const entry = z.record(z.string(), z.record(z.string(), summary));

/** Performance at one checkpoint: task → metric → summary. */
export type TaskPerformances = z.infer<typeof entry>;

const header = z.object({ model: z.string() });

/** Header of the file. */
export type PerformanceHeader = z.infer<typeof header>;

/** `task_performance/{model}.json`. */
export const taskPerformances: ResultKind<PerformanceHeader, TaskPerformances, []> = defineResult({
  format: "circuits-over-time/task-performance/1",
  madeBy: "get_model_task_performance.ts",
  path: (paths) => paths.taskPerformance(),
  header,
  entry,
  layout: {
    write(entries) {
      const tasks: Nested<MetricSummary> = {};
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
      if (!isObject(tasks)) return undefined;
      const steps: Nested<unknown> = {};
      for (const [task, metrics] of Object.entries(tasks)) {
        if (!isObject(metrics)) return undefined;
        for (const [metric, bySteps] of Object.entries(metrics)) {
          if (!isObject(bySteps)) return undefined;
          for (const [step, summary] of Object.entries(bySteps)) {
            ((steps[step] ??= {})[task] ??= {})[metric] = summary;
          }
        }
      }
      return steps;
    },
    place: (step, [task, metric, ...inner]) => ["tasks", task, metric, step, ...inner],
  },
});
