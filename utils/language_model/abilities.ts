/** Measures what each checkpoint of a suite can do: the means of its tasks' metrics, on the prompts that circuits are found with. */
import { join } from "@std/path";
import { mean } from "../base/mod.ts";
import {
  HookedModel,
  listLocalSteps,
  loadTokenizer,
  Runtime,
  type RuntimeOptions,
} from "../model/mod.ts";
import { loadTask, TASK_NAMES, taskPerformance } from "../tasks/mod.ts";

const METRICS = ["accuracy", "logit_diff", "prob_diff"] as const;

/** Returns step → task → metric → mean over prompts, for all checkpoints in a folder that share one tokenizer. */
export async function suiteAbilities(
  folder: string,
  options: RuntimeOptions = {},
): Promise<Record<string, Record<string, Record<string, number>>>> {
  const runtime = new Runtime(options);
  const steps = listLocalSteps(folder);
  const tokenizer = await loadTokenizer(join(folder, `step${steps[0]}`));
  const tasks = await Promise.all(TASK_NAMES.map((task) => loadTask(task, tokenizer)));
  const abilities: Record<string, Record<string, Record<string, number>>> = {};
  for (const step of steps) {
    const model = await HookedModel.load(join(folder, `step${step}`), { runtime });
    abilities[step] = {};
    for (const data of tasks) {
      const values = await taskPerformance(model, data, { metrics: METRICS });
      abilities[step][data.task] = Object.fromEntries(
        METRICS.map((metric) => [metric, mean(values[metric])]),
      );
    }
    model.close();
  }
  await runtime.close();
  return abilities;
}
