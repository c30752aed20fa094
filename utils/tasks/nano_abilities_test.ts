/** The committed suite has the abilities that experiments rely on, on prompts that training never saw. */
import { assert, assertAlmostEquals } from "@std/assert";
import { isHeldOut } from "../text/mod.ts";
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

Deno.test("the checkpoint before training answers at chance level", async () => {
  const { ioi, gender_pronoun, greater_than, sva } = await abilities("step0", 42);
  assertAlmostEquals(ioi.accuracy, 0.5, 0.12);
  assertAlmostEquals(gender_pronoun.accuracy, 0.5, 0.2);
  for (const { prob_diff } of [ioi, gender_pronoun, greater_than, sva]) {
    assertAlmostEquals(prob_diff, 0, 0.01);
  }
});

/** Returns the largest mean attention of a head from the second copy of 32 random tokens to the token after the first. */
async function inductionScore(revision: string): Promise<number> {
  const HALF = 32;
  const runtime = new Runtime();
  const model = await HookedModel.load("pythia-nano", { revision, runtime });
  const { nLayers, vocabSize } = model.config;
  const rows = Array.from({ length: 8 }, (_, b) => {
    const ids = Array.from(
      { length: HALF },
      (_, i) => 100 + Math.floor(1e6 * Math.abs(Math.sin(b * HALF + i + 1))) % (vocabSize - 100),
    );
    return [...ids, ...ids];
  });
  const names = Array.from({ length: nLayers }, (_, l) => `blocks.${l}.attn.hook_pattern`);
  const { hooks } = await model.run(rows, { read: names });
  let best = 0;
  for (const { data, shape: [batch, heads, length] } of hooks.values()) {
    for (let h = 0; h < heads; h++) {
      let sum = 0;
      for (let b = 0; b < batch; b++) {
        for (let q = HALF; q < length; q++) {
          sum += data[((b * heads + h) * length + q) * length + q - HALF + 1];
        }
      }
      best = Math.max(best, sum / (batch * HALF));
    }
  }
  model.close();
  await runtime.close();
  return best;
}

Deno.test("an induction head forms in the second half of pythia-nano's training", async () => {
  const [early, late] = [await inductionScore("step1152"), await inductionScore("main")];
  assert(early < 0.3 && late > 0.5, `induction score ${early} at step 1152, ${late} at the end`);
});

Deno.test("the final checkpoint has a late head that attends to the indirect object more than to the subject", async () => {
  const runtime = new Runtime();
  const model = await HookedModel.load("pythia-nano", { runtime });
  const { prompts } = await loadTask("ioi", await loadTokenizer(model.dir!), { n: 100 });
  const name = `blocks.${model.config.nLayers - 1}.attn.hook_pattern`;
  const { hooks } = await model.run(prompts.map((p) => p.clean), { read: [name] });
  const { data, shape: [batch, heads, length] } = hooks.get(name)!;
  const attention = (h: number, mark: string) =>
    prompts.reduce(
      (sum, { marks }, b) =>
        sum + data[((b * heads + h) * length + marks!.END) * length + marks![mark]] / batch,
      0,
    );
  const movers = Array.from({ length: heads }, (_, h) => h).filter((h) =>
    attention(h, "IO") > 0.5 &&
    attention(h, "IO") > attention(h, "S1") + attention(h, "S2") + 0.1
  );
  assert(movers.length >= 1, "no head of the last layer attends to the indirect object");
  model.close();
  await runtime.close();
});
