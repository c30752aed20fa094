/** Both committed suites have the abilities that experiments rely on, on prompts that training never saw. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { isHeldOut } from "../text/mod.ts";
import { HookedModel } from "../model/hooked_model.ts";
import { Runtime } from "../model/runtime.ts";
import { loadTokenizer } from "../model/tokenizer.ts";
import { taskPerformance } from "./performance.ts";
import { loadTask, TASK_NAMES } from "./tasks.ts";

const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;

/** Prompts per task: all that there are, or enough for a narrow mean. */
const SIZES: Record<string, number> = {
  ioi: 200,
  gender_pronoun: 100,
  greater_than: 300,
  sva: 300,
  capitals: 24,
  two_hop: 48,
};

async function abilities(suite: string, revision: string, seed: number) {
  const runtime = new Runtime();
  const model = await HookedModel.load(suite, { revision, runtime });
  const tokenizer = await loadTokenizer(model.dir!);
  const result: Record<string, Record<string, number>> = {};
  for (const task of TASK_NAMES) {
    const data = await loadTask(task, tokenizer, { n: SIZES[task], seed });
    for (const { cleanText } of data.prompts) assert(isHeldOut(cleanText), cleanText);
    const values = await taskPerformance(model, data, {
      metrics: ["accuracy", "logit_diff", "prob_diff", "rank_0"],
    });
    result[task] = Object.fromEntries(Object.entries(values).map(([k, v]) => [k, mean(v)]));
  }
  model.close();
  await runtime.close();
  return result;
}

for (const suite of ["pythia-nano", "pythia-nano-seed1"]) {
  for (const seed of [42, 7]) {
    Deno.test(`the final checkpoint of ${suite} does all tasks on held-out prompts (seed ${seed})`, async () => {
      const found = await abilities(suite, "main", seed);
      const { ioi, gender_pronoun, greater_than, sva, capitals, two_hop } = found;
      assert(ioi.accuracy >= 0.97 && ioi.logit_diff >= 3, JSON.stringify(ioi));
      assert(gender_pronoun.accuracy >= 0.97, JSON.stringify(gender_pronoun));
      assert(greater_than.prob_diff >= 0.7, JSON.stringify(greater_than));
      assert(sva.prob_diff >= 0.8, JSON.stringify(sva));
      assert(capitals.accuracy >= 0.95 && capitals.rank_0 >= 0.95, JSON.stringify(capitals));
      // Chance is 1 in 4 to 1 in 7, by fact; always guessing is right on a fifth of the prompts.
      assert(two_hop.rank_0 >= 0.35, JSON.stringify(two_hop));
    });
  }

  Deno.test(`the checkpoint of ${suite} before training answers at chance level`, async () => {
    const found = await abilities(suite, "step0", 42);
    assertAlmostEquals(found.ioi.accuracy, 0.5, 0.12);
    assertAlmostEquals(found.gender_pronoun.accuracy, 0.5, 0.2);
    for (const [task, { prob_diff, rank_0 }] of Object.entries(found)) {
      assertAlmostEquals(prob_diff, 0, 0.01, task);
      assert(task === "greater_than" || task === "sva" || rank_0 <= 0.05, `${task}: ${rank_0}`);
    }
    assertEquals(Object.keys(found), TASK_NAMES);
  });
}
