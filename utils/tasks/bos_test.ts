import { assertEquals, assertNotEquals } from "@std/assert";
import { HookedModel, withBos } from "../model/mod.ts";
import { taskPerformance } from "./performance.ts";
import type { PromptPair } from "./prompt_pair.ts";
import { loadTask, TASK_NAMES } from "./tasks.ts";

const model = await HookedModel.load("pythia-nano", { revision: "step6144" });
const plain = withBos(model.tokenizer, model.config, false);
const begun = withBos(model.tokenizer, model.config, true), bos = begun.bosId!;

/** The pair with BOS in front, made of the tokens of the pair without. */
const prefixed = (pair: PromptPair): PromptPair => ({
  ...pair,
  clean: [bos, ...pair.clean],
  corrupted: [bos, ...pair.corrupted],
  position: pair.position + 1,
  ...(pair.marks && {
    marks: Object.fromEntries(Object.entries(pair.marks).map(([mark, at]) => [mark, at + 1])),
  }),
});

Deno.test("with BOS, the prompts of every task are those without it, one token later, marks included", async () => {
  for (const name of TASK_NAMES) {
    const without = await loadTask(name, plain, { n: 8 }),
      data = await loadTask(name, begun, { n: 8 });
    assertEquals(data.prompts, without.prompts.map(prefixed), name);
  }
  const file = "examples/own_task.csv";
  const { prompts } = await loadTask("own", plain, { file });
  assertEquals((await loadTask("own", begun, { file })).prompts, prompts.map(prefixed));
});

Deno.test("with BOS, a model's metrics are those of tokens that begin with it", async () => {
  const without = await loadTask("ioi", plain, { n: 6 });
  const data = await loadTask("ioi", begun, { n: 6 });
  const found = await taskPerformance(model, data);
  const logits = await model.logits(
    without.prompts.map(({ clean, position }) => [bos, ...clean.slice(0, position + 1)]),
  );
  const V = model.config.vocabSize;
  const differences = without.prompts.map(({ correct, wrong }, i) =>
    logits.data[i * V + correct[0]] - logits.data[i * V + wrong[0]]
  );
  found.logit_diff.forEach((x, i) => assertEquals(Math.abs(x - differences[i]) < 1e-4, true));
  assertNotEquals([...found.logit_diff], [...(await taskPerformance(model, without)).logit_diff]);
  await model.runtime.close();
});
