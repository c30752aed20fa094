/** The committed suite can do what experiments on it rely on; every prompt is one that training never saw. */
import { assert, assertAlmostEquals } from "@std/assert";
import { isHeldOut } from "../corpus/held_out.ts";
import { HookedModel } from "../model/hooked_model.ts";
import { Runtime } from "../model/runtime.ts";
import { loadTokenizer } from "../model/tokenizer.ts";
import { taskPerformance } from "./performance.ts";
import { loadTask } from "./tasks.ts";

const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;

async function abilities(revision: string, seed: number) {
  const runtime = new Runtime();
  const model = await HookedModel.load("pythia-nano", { revision, runtime });
  const tokenizer = await loadTokenizer(model.dir!);
  const sizes = { ioi: 200, gender_pronoun: 100, greater_than: 300, sva: 300 };
  const result: Record<string, Record<string, number>> = {};
  for (const [task, n] of Object.entries(sizes)) {
    const data = await loadTask(task, tokenizer, { n, seed });
    for (const { cleanText } of data.prompts) assert(isHeldOut(cleanText), cleanText);
    const values = await taskPerformance(model, data);
    result[task] = Object.fromEntries(Object.entries(values).map(([k, v]) => [k, mean(v)]));
  }
  model.close();
  await runtime.close();
  return result;
}

for (const seed of [42, 7]) {
  Deno.test(`the final checkpoint of pythia-nano does all tasks on held-out prompts (seed ${seed})`, async () => {
    const { ioi, gender_pronoun, greater_than, sva } = await abilities("main", seed);
    assert(ioi.accuracy >= 0.97 && ioi.logit_diff >= 3, JSON.stringify(ioi));
    assert(gender_pronoun.accuracy >= 0.97, JSON.stringify(gender_pronoun));
    assert(greater_than.prob_diff >= 0.7, JSON.stringify(greater_than));
    assert(sva.prob_diff >= 0.8, JSON.stringify(sva));
  });
}

Deno.test("the checkpoint before training answers by chance", async () => {
  const { ioi, gender_pronoun, greater_than, sva } = await abilities("step0", 42);
  assertAlmostEquals(ioi.accuracy, 0.5, 0.12);
  assertAlmostEquals(gender_pronoun.accuracy, 0.5, 0.2);
  for (const { prob_diff } of [ioi, gender_pronoun, greater_than, sva]) {
    assertAlmostEquals(prob_diff, 0, 0.01);
  }
});
