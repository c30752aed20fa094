/** What a checkpoint can do and which sequence heads it has, for charts over training. */
import { mean } from "../utils/base/mod.ts";
import { successorPairs, successorScores } from "../utils/heads/mod.ts";
import { HookedModel, loadTokenizer, resolveModel, Runtime } from "../utils/model/mod.ts";
import {
  loadTask,
  type MetricName,
  PAPER_TASK_NAMES,
  TASK_NAMES,
  taskPerformance,
} from "../utils/tasks/mod.ts";

/** One measure per task; each is 1 for a perfect model. */
const MEASURES: Readonly<Record<string, { metric: MetricName; means: string }>> = {
  ioi: { metric: "accuracy", means: "IO beats S" },
  gender_pronoun: { metric: "accuracy", means: "the right pronoun beats the other" },
  greater_than: { metric: "prob_diff", means: "probability of later minus other years" },
  sva: { metric: "prob_diff", means: "probability of right minus wrong verbs" },
  capitals: { metric: "rank_0", means: "the capital comes first of all tokens" },
  two_hop: { metric: "rank_0", means: "the fact comes first of all tokens" },
};

/** What one checkpoint can do. */
export interface Abilities {
  /** the measure of each task */
  tasks: Record<string, number>;
  /** largest successor score of a head */
  successor: number;
}

/** Returns the tasks that can be asked of a model: the made-up facts are known to pythia-nano alone. */
export const tasksOf = (name: string): readonly string[] =>
  name.startsWith("pythia-nano") ? TASK_NAMES : PAPER_TASK_NAMES;

/** Returns what the measure of a task means. */
export const measureOf = (task: string): string => MEASURES[task].means;

/** Measures a checkpoint on all its tasks. */
export async function abilitiesAt(name: string, step: number): Promise<Abilities> {
  const dir = await resolveModel(name, { revision: `step${step}` });
  const runtime = new Runtime({ threads: 1 });
  const model = await HookedModel.load(dir, { runtime });
  const tokenizer = await loadTokenizer(dir);
  const tasks: Record<string, number> = {};
  for (const task of tasksOf(name)) {
    const { metric } = MEASURES[task];
    const values = await taskPerformance(model, await loadTask(task, tokenizer), {
      metrics: [metric],
    });
    tasks[task] = mean(values[metric]);
  }
  const successor = Math.max(...await successorScores(model, successorPairs(tokenizer)));
  model.close();
  await runtime.close();
  return { tasks, successor };
}
