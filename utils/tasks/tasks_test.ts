import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { makePair, type TaskData } from "./prompt_pair.ts";
import { loadTask, PAPER_TASK_NAMES, readoutOf, TASKS } from "./tasks.ts";
import { gpt2Tokenizer } from "../../tests/support/tokenizers.ts";

const tokenizer = gpt2Tokenizer();

Deno.test("loadTask() makes the usual number of aligned pairs with the usual metric", async () => {
  const expected = {
    ioi: [70, "logit_diff", "simple"],
    greater_than: [200, "prob_diff", "group_sum"],
    sva: [200, "prob_diff", "group_sum"],
    gender_pronoun: [100, "logit_diff", "simple"],
  };
  assertEquals(PAPER_TASK_NAMES, Object.keys(expected));
  for (const task of PAPER_TASK_NAMES) {
    const data = await loadTask(task, tokenizer);
    const { name, mode } = data.metric;
    assertEquals([data.prompts.length, name, mode], expected[task as keyof typeof expected]);
    assertEquals(data.mode, mode);
    assert(data.prompts.every((p) => p.clean.length === p.corrupted.length));
    assertEquals(await loadTask(task, tokenizer), data, "the same prompts every time");
    const performance = await loadTask(task, tokenizer, { n: TASKS[task].performanceN });
    assertEquals(performance.prompts.length, TASKS[task].performanceN);
  }
});

Deno.test("loadTask() corrupts ioi by the given flip", async () => {
  const { prompts } = await loadTask("ioi", tokenizer, { n: 5, flip: "token_same_pos_oppo" });
  for (const { clean, corrupted, marks } of prompts) {
    const { IO, S1, S2 } = marks!;
    assertEquals([corrupted[IO], corrupted[S1], corrupted[S2]], [clean[S1], clean[IO], clean[S2]]);
  }
});

Deno.test("loadTask() names an unknown task, a wrong number and an unknown flip", async () => {
  await assertRejects(
    () => loadTask("ioo", tokenizer),
    Error,
    'unknown task "ioo": expected one of ioi, greater_than, sva, gender_pronoun',
  );
  await assertRejects(() => loadTask("constructor", tokenizer), Error, "unknown task");
  await assertRejects(() => loadTask("ioi", tokenizer, { n: 0 }), Error, "found 0");
  const flip = "upside_down" as "token_same_pos_same";
  await assertRejects(
    () => loadTask("ioi", tokenizer, { flip }),
    Error,
    'unknown flip "upside_down"',
  );
});

Deno.test("makePair() names the prompt whose clean and corrupted tokens do not align", () => {
  const text = { cleanText: "The cat", corruptedText: "The wombat", correct: [1], wrong: [2] };
  assertThrows(
    () => makePair(tokenizer, text, "my prompt 7"),
    Error,
    'my prompt 7: clean and corrupted must align token by token, found 2 and 3 tokens: clean ["The" " cat"]',
  );
});

Deno.test("readoutOf() pads the answers and weights them by mode", () => {
  const prompt = { cleanText: "", corruptedText: "", clean: [1], corrupted: [1], position: 0 };
  const data = (metric: TaskData["metric"]): TaskData => ({
    task: "t",
    metric,
    mode: metric.mode,
    prompts: [
      { ...prompt, correct: [5, 6], wrong: [7, 8] },
      { ...prompt, correct: [9], wrong: [4] },
    ],
  });
  const pairs = readoutOf(data({ name: "logit_diff", mode: "pairs" }));
  assertEquals(pairs.kind, "logits");
  assertEquals(pairs.width, 4);
  assertEquals([...pairs.ids], [5, 6, 7, 8, 9, 4, 0, 0]);
  assertEquals([...pairs.weights], [0.5, 0.5, -0.5, -0.5, 1, -1, 0, 0]);
  const sums = readoutOf(data({ name: "prob_diff", mode: "group_sum" }));
  assertEquals(sums.kind, "probabilities");
  assertEquals([...sums.weights], [1, 1, -1, -1, 1, -1, 0, 0]);
});
