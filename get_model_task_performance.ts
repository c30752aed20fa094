/**
 * How well a model does its tasks over training: all metrics of each task at each checkpoint.
 *
 *   deno run -A get_model_task_performance.ts configs/pythia-nano_performance.json
 *
 * Writes `{results_dir}/task_performance/{model}.json` after each checkpoint (`utils/tasks/performance_file.ts`); run
 * again, it continues. `plotting/figure_1.ts` draws the file.
 */
import { z } from "zod";
import { forEachCheckpoint } from "./utils/experiment/checkpoint_loop.ts";
import { resultSettings } from "./utils/experiment/config.ts";
import { ResultPaths } from "./utils/experiment/result_path.ts";
import { SCHEDULE_NAMES, type ScheduleName, scheduleSteps } from "./utils/experiment/schedules.ts";
import { runScript, UserError } from "./utils/experiment/script.ts";
import { type Column, printTable } from "./utils/experiment/table.ts";
import { HookedModel } from "./utils/model/hooked_model.ts";
import { resolveModel } from "./utils/model/hub.ts";
import { describeSteps, listLocalSteps } from "./utils/model/local_steps.ts";
import { modelSource } from "./utils/model/model_names.ts";
import { Runtime } from "./utils/model/runtime.ts";
import { loadTokenizer } from "./utils/model/tokenizer.ts";
import { DEVICES } from "./utils/onnx/mod.ts";
import { taskPerformance } from "./utils/tasks/performance.ts";
import {
  type CheckpointPerformance,
  openPerformanceFile,
  summarise,
} from "./utils/tasks/performance_file.ts";
import { promptDigest } from "./utils/tasks/prompt_digest.ts";
import { loadTask, TASK_NAMES, TASKS } from "./utils/tasks/tasks.ts";

const task = z.string().describe(`one of ${TASK_NAMES.join(", ")}, or a name of task_files`);

/** Settings; the first ones are those of the original script. */
export const schema = z.object({
  model_name: z.string().default("pythia-nano").describe("model name, Hub id or local folder"),
  model_tl_name: z.string().optional()
    .describe("name of the architecture in TransformerLens; read from config.json here"),
  cache_dir: z.string().optional().describe("folder of downloaded models"),
  checkpoint_schedule: z.enum(SCHEDULE_NAMES as [ScheduleName, ...ScheduleName[]]).default("suite")
    .describe("which checkpoints; suite: those of the model's folder"),
  custom_schedule: z.array(z.int().min(0)).default([])
    .describe("list of steps; if not empty it replaces the schedule"),
  batch_size: z.int().min(1).default(100).describe("prompts per run"),
  tasks: z.array(task).min(1).default([...TASK_NAMES]).describe("tasks to measure"),
  task_files: z.record(z.string(), z.string()).default({})
    .describe(
      "tasks of your own: name and CSV or JSONL file with clean, corrupted, correct, wrong",
    ),
  large_model: z.boolean().default(false)
    .describe("of the original script; without effect, see memory_budget"),
  n_prompts: z.int().min(1).optional()
    .describe("prompts per task; default 70 for ioi, 100 for gender_pronoun, else 1000"),
  seed: z.int().default(42).describe("of the prompts"),
  bootstrap: z.int().min(1).default(1000).describe("resamples of the 95 % interval"),
  device: z.enum(DEVICES).default("cpu").describe("where to compute"),
  threads: z.int().min(1).optional().describe("threads of ONNX Runtime; default one per core"),
  memory_budget: z.number().positive().optional()
    .describe("gigabytes of weights kept in memory; default all"),
  results_dir: z.string().min(1).default("results").describe("folder of the results"),
  overwrite: z.boolean().default(false).describe("start anew"),
});

type Config = z.output<typeof schema>;

/** Training steps to visit. @throws UserError naming a step that a local model has not. */
function stepsOf(config: Config): number[] {
  const source = modelSource(config.model_name);
  const suite = source.kind === "folder" ? listLocalSteps(source.dir) : undefined;
  const schedule = config.custom_schedule.length > 0 ? "custom" : config.checkpoint_schedule;
  if (!suite && schedule === "suite") {
    const others = SCHEDULE_NAMES.filter((name) => name !== "suite").join(", ");
    throw new UserError(
      `checkpoint_schedule: "suite" is for models in a folder, and ${config.model_name} is on the Hub; ` +
        `expected one of ${others}`,
      2,
    );
  }
  const steps = scheduleSteps(schedule, {
    custom: config.custom_schedule,
    suite,
  });
  const missing = suite && steps.find((step) => !suite.includes(step));
  if (missing !== undefined) {
    throw new UserError(
      `schedule ${schedule}: ${config.model_name} has no step ${missing}; ` +
        describeSteps(`step${missing}`, suite!),
      2,
    );
  }
  return steps;
}

/** @throws UserError naming a task that is neither built in nor in `task_files`. */
function checkTasks({ tasks, task_files }: Config): void {
  const unknown = tasks.find((name) =>
    !Object.hasOwn(TASKS, name) && !Object.hasOwn(task_files, name)
  );
  if (unknown === undefined) return;
  const known = [...TASK_NAMES, ...Object.keys(task_files)];
  throw new UserError(`tasks: expected one of ${known.join(", ")}, found "${unknown}"`, 2);
}

const columns = (config: Config, of: (step: number) => CheckpointPerformance): Column<number>[] => [
  { header: "step", value: (step) => step },
  ...config.tasks.flatMap((name) => {
    const metric = TASKS[name]?.metric.name ?? "logit_diff";
    return [metric, "accuracy"].map((key) => ({
      header: `${name} ${key}`,
      value: (step: number) => of(step)[name]?.[key]?.mean,
    }));
  }),
];

if (import.meta.main) {
  await runScript({
    name: "get_model_task_performance",
    description: "Measures a model's tasks at each checkpoint of its training.",
    examples: [
      "configs/pythia-nano_performance.json",
      "--model-name pythia-70m --checkpoint-schedule sparse --tasks ioi,sva",
    ],
    schema,
  }, async (config) => {
    checkTasks(config);
    const steps = stepsOf(config);
    const runtime = new Runtime({ device: config.device, threads: config.threads });
    const folder = (step: number) =>
      resolveModel(config.model_name, { revision: `step${step}`, cacheDir: config.cache_dir });
    const memoryBudget = config.memory_budget && config.memory_budget * 1e9;
    const tokenizer = await loadTokenizer(await folder(steps[0]));
    const tasks = await Promise.all(config.tasks.map((name) =>
      loadTask(name, tokenizer, {
        n: config.n_prompts ?? (config.task_files[name] ? undefined : TASKS[name].performanceN),
        seed: config.seed,
        file: config.task_files[name],
      })
    ));
    const digests = await Promise.all(
      tasks.filter(({ task }) => config.task_files[task])
        .map(async (data) => [data.task, await promptDigest(data)] as const),
    );
    const paths = new ResultPaths(config.results_dir, config.model_name);
    const results = await openPerformanceFile({
      path: paths.taskPerformance(),
      model: paths.model,
      settings: {
        ...resultSettings(config, [
          "model_tl_name",
          "cache_dir",
          "checkpoint_schedule",
          "custom_schedule",
          "batch_size",
          "large_model",
          "device",
          "threads",
          "memory_budget",
          "results_dir",
          "overwrite",
        ]),
        ...(digests.length > 0 && { task_file_digests: Object.fromEntries(digests) }),
      },
      overwrite: config.overwrite,
    });

    const { exitCode } = await forEachCheckpoint({
      steps,
      isDone: (step) => results.has(step),
      prefetch: async (step) => HookedModel.load(await folder(step), { runtime, memoryBudget }),
      run: async (step, model, progress) => {
        const part = progress.begin("task", tasks.length);
        const entry: CheckpointPerformance = {};
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
      release: (model) => model.close(),
    });
    if (results.steps().length === 0) return exitCode;
    printTable(columns(config, (step) => results.get(step)), results.steps());
    console.log(`written to ${results.path}`);
    return exitCode;
  });
}
