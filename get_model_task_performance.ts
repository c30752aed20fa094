/**
 * Task performance over training: all metrics of each task at each checkpoint.
 *
 *   deno run -A get_model_task_performance.ts configs/pythia-nano_performance.json
 *
 * Updates `{results_dir}/task_performance/{model}.json` after each checkpoint. A stopped run continues when started
 * again. `plotting/figure_1.ts` draws the file.
 */
import { z } from "zod";
import { alsoNamed, runScript, UserError } from "./utils/cli/mod.ts";
import { bosKey, modelKeys, openExperiment, shardKey } from "./utils/experiments/mod.ts";
import { type TaskPerformances, taskPerformances } from "./utils/results/mod.ts";
import {
  loadTask,
  PAPER_TASK_NAMES,
  promptDigest,
  summarise,
  TASK_NAMES,
  taskPerformance,
  TASKS,
} from "./utils/tasks/mod.ts";

const task = z.string().describe(`one of ${TASK_NAMES.join(", ")}, or a name of task_files`);
const { model, alt_model: _, ckpt_schedule, ...shared } = modelKeys;

/** What result files call the model. */
const RECORDED = { model: "model_name" };

export const script = {
  name: "get_model_task_performance",
  dryRun: true,
  description: "Measures a model's tasks at each checkpoint of its training.",
  examples: [
    "configs/pythia-nano_performance.json",
    "--model pythia-70m --ckpt-schedule sparse --tasks ioi,sva",
  ],
  /** The keys that all experiments share, also named as in the original script, and its own keys. */
  schema: z.object({
    model: alsoNamed(model, "model_name"),
    model_tl_name: z.string().optional()
      .describe("ignored; kept so that original configs load (config.json names the architecture)"),
    ckpt_schedule: alsoNamed(ckpt_schedule, "checkpoint_schedule"),
    ...shared,
    ...shardKey,
    ...bosKey,
    batch_size: z.int().min(1).default(100).describe("prompts in one batch"),
    tasks: z.array(task).min(1).default([...PAPER_TASK_NAMES]).describe("tasks to measure"),
    task_files: z.record(z.string(), z.string().min(1)).default({})
      .describe(
        "your own tasks: name, and CSV or JSONL file with clean, corrupted, correct, wrong",
      ),
    large_model: z.boolean().default(false)
      .describe("ignored; kept so that original configs load (see memory_budget)"),
    n_prompts: z.int().min(1).max(100_000).optional()
      .describe("prompts per task; default 70 for ioi, 100 for gender_pronoun, else 1000"),
    seed: z.int().default(42).describe("random seed for the prompts"),
    bootstrap: z.int().min(1).max(100_000).default(1000).describe("resamples of the 95 % interval"),
  }),
};

/** Keys that change no number, and the one that this script does not have. */
const FREE = ["batch_size", "large_model", "model_tl_name", "alt_model"];

type Config = z.output<typeof script.schema>;

/** @throws UserError naming a task that is neither built in nor in `task_files`. */
function checkTasks({ tasks, task_files }: Config): void {
  const unknown = tasks.find((name) =>
    !Object.hasOwn(TASKS, name) && !Object.hasOwn(task_files, name)
  );
  if (unknown === undefined) return;
  const known = [...TASK_NAMES, ...Object.keys(task_files)];
  throw new UserError(`tasks: expected one of ${known.join(", ")}, found "${unknown}"`, 2);
}

const columns = (tasks: readonly string[], of: (step: number) => TaskPerformances) =>
  tasks.flatMap((name) => {
    const metric = TASKS[name]?.metric.name ?? "logit_diff";
    return [metric, "accuracy"].map((key) => ({
      header: `${name} ${key}`,
      value: (step: number) => of(step)[name]?.[key]?.mean,
    }));
  });

if (import.meta.main) {
  await runScript(script, async (config) => {
    checkTasks(config);
    const experiment = await openExperiment({ ...config, alt_model: null }, { recorded: RECORDED });
    const tasks = await Promise.all(
      config.tasks.map((name) =>
        loadTask(name, experiment.tokenizer, {
          n: config.n_prompts ?? (config.task_files[name] ? undefined : TASKS[name].performanceN),
          seed: config.seed,
          file: config.task_files[name],
        })
      ),
    );
    const digests = await Promise.all(
      tasks.filter(({ task }) => config.task_files[task])
        .map(async (data) => [data.task, await promptDigest(data)] as const),
    );
    const results = await experiment.results(taskPerformances, {
      free: FREE,
      settings: digests.length > 0 ? { task_file_digests: Object.fromEntries(digests) } : {},
      header: {},
    });

    return await experiment.run({
      files: [results],
      measure: async (step, model, progress) => {
        const part = progress.begin("task", tasks.length);
        const entry: TaskPerformances = {};
        for (const data of tasks) {
          const values = await taskPerformance(model, data, { batchSize: config.batch_size });
          entry[data.task] = summarise(values, config.bootstrap, 0);
          part.advance(data.task);
        }
        await results.set(step, entry);
        return tasks.map(({ task, metric }) =>
          `${task} ${entry[task][metric.name].mean.toFixed(2)}`
        ).join("  ");
      },
      columns: () => columns(config.tasks, (step) => results.get(step)),
    });
  });
}
