/**
 * Lists what the keys `task`, `model` and `ckpt_schedule` may say, and the configs.
 *
 *   deno run -A list.ts schedules
 *
 * Needs no network. With `--json`, the tables are JSON.
 */
import { fromFileUrl, join, relative } from "@std/path";
import { z } from "zod";
import { filesBelow } from "./utils/base/mod.ts";
import {
  printTable,
  readConfigFile,
  runScript,
  SCHEDULE_NAMES,
  scheduleSteps,
} from "./utils/cli/mod.ts";
import { listLocalSteps } from "./utils/model/mod.ts";
import { TASK_NAMES, TASKS } from "./utils/tasks/mod.ts";

const LISTS = ["tasks", "models", "schedules", "configs"] as const;
const folder = (name: string) => fromFileUrl(new URL(name, import.meta.url));

export const script = {
  name: "list",
  description: "Lists tasks, models, schedules and configs; all of them if none is named.",
  examples: ["tasks", "schedules", "configs --json"],
  schema: z.object({
    lists: z.array(z.enum(LISTS)).min(1).default([...LISTS]).describe("what to list"),
  }),
};

function tasks(): void {
  printTable([
    { header: "task", value: (name) => name },
    { header: "metric", value: (name) => TASKS[name].metric.name },
    { header: "prompts for a circuit", value: (name) => TASKS[name].circuitN },
    { header: "prompts for performance", value: (name) => TASKS[name].performanceN },
  ], TASK_NAMES);
  console.log("Your own: --task-file FILE (check_task.ts checks it)");
}

function models(): void {
  const names = [...Deno.readDirSync(folder("models"))].map(({ name }) => name)
    .filter((name) => listLocalSteps(folder(join("models", name))).length > 0).sort();
  printTable([
    { header: "model in this repository", value: (name) => name },
    { header: "steps", value: (name) => listLocalSteps(folder(join("models", name))).join(" ") },
  ], names);
  console.log(
    "From the Hub: pythia-14m … pythia-12b (also -deduped, -v0, -seed1 … -seed9), gpt2, gpt2-medium, gpt2-large, " +
      "gpt2-xl, or organisation/name. Your own: a folder.",
  );
}

function schedules(): void {
  const pythia = SCHEDULE_NAMES.filter((name) => !["custom", "suite", "olmo"].includes(name));
  printTable([
    { header: "schedule", value: (name) => name },
    { header: "checkpoints", value: (name) => scheduleSteps(name).length },
    { header: "steps", value: (name) => shortened(scheduleSteps(name)) },
  ], pythia);
  console.log(
    "suite: all steps of the model. olmo: a few of these. main: the one checkpoint of a model. Any list: --custom-schedule 0,1000",
  );
}

/** Returns at most a dozen steps: the first ones and the last. */
function shortened(steps: readonly number[]): string {
  return steps.length <= 12 ? steps.join(" ") : `${steps.slice(0, 10).join(" ")} … ${steps.at(-1)}`;
}

async function configs(): Promise<void> {
  const root = folder("configs");
  const paths = (await filesBelow(root, (name) => name.endsWith(".json")))
    .filter((path) => !path.startsWith(join(root, "schema")));
  printTable([
    { header: "config", value: (path) => `configs/${relative(root, path)}` },
    {
      header: "script",
      value: (path) =>
        `${/([^/]+)\.json$/.exec(String(readConfigFile(path).$schema))?.[1] ?? "–"}.ts`,
    },
  ], paths);
}

if (import.meta.main) {
  const words = Deno.args.filter((arg) => LISTS.some((name) => name === arg));
  const rest = Deno.args.filter((arg) => !words.includes(arg));
  const args = words.length > 0 ? ["--lists", words.join(","), ...rest] : rest;
  await runScript({ ...script, args }, async ({ lists }) => {
    for (const name of lists) {
      await { tasks, models, schedules, configs }[name]();
      if (name !== lists.at(-1)) console.log();
    }
  });
}
