import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { z } from "zod";
import { loadTokenizer } from "../../model/mod.ts";
import { HookedModel } from "../../model/mod.ts";
import { loadTask } from "../../tasks/mod.ts";
import { UserError } from "../../base/mod.ts";
import { answerToken, featurePrompts } from "./prompts.ts";
import { featurePromptKeys } from "./settings.ts";

const schema = z.object(featurePromptKeys);

async function nano() {
  const model = await HookedModel.load("pythia-nano", { revision: "step0" });
  return { model, tokenizer: await loadTokenizer(model.dir!) };
}

Deno.test("prompts of a task are its clean prompts up to the token where answers are read", async () => {
  const { model, tokenizer } = await nano();
  for (const task of ["ioi", "greater_than", "sva", "gender_pronoun", "capitals", "two_hop"]) {
    const found = await featurePrompts(
      { model, tokenizer },
      schema.parse({ task, n_prompts: 2, seed: 7 }),
    );
    const { prompts } = await loadTask(task, tokenizer, { n: 2, seed: 7 });
    assertEquals(found.map(({ slug }) => slug), [`${task}-0`, `${task}-1`]);
    for (const [i, { tokens, text, correct, wrong }] of found.entries()) {
      const { clean, position } = prompts[i];
      assertEquals(tokens, clean.slice(0, position + 1));
      assertEquals(tokenizer.encode(text), tokens);
      assertEquals([correct, wrong], [prompts[i].correct, prompts[i].wrong]);
    }
  }
  model.close();
});

Deno.test("a prompt is text or token ids, with answers that are one token", async () => {
  const { model, tokenizer } = await nano();
  const given = { prompt: "Mary and John gave a ring to", correct: " Mary", wrong: " John" };
  const [found] = await featurePrompts({ model, tokenizer }, schema.parse(given));
  assertEquals(found.tokens, tokenizer.encode(given.prompt));
  assertEquals(found.slug, "and-john-gave-a-ring-to");
  assertEquals(found.correct, [tokenizer.singleToken(" Mary")!]);
  const [ids] = await featurePrompts(
    { model },
    schema.parse({ tokens: [3, 4], correct: "5", wrong: "#6" }),
  );
  assertEquals([ids.tokens, ids.correct, ids.wrong, ids.text], [[3, 4], [5], [6], "#3#4"]);

  const refused = async (settings: object, message: string, withTokenizer = true) =>
    await assertRejects(
      () =>
        featurePrompts(
          { model, tokenizer: withTokenizer ? tokenizer : undefined },
          schema.parse(settings),
        ),
      UserError,
      message,
    );
  await refused({}, "expected one of prompt");
  await refused({ prompt: "a", task: "ioi" }, "found several");
  await refused({ prompt: "a" }, "no tokenizer.json", false);
  await refused({ tokens: [99_999] }, "99999 is not in the vocabulary");
  await refused({ tokens: new Array(5000).fill(1) }, "has 5000 tokens");
  await refused({ prompt: "Mary", correct: " Mary John" }, "must be one token");
  assertThrows(() => answerToken(undefined, "correct", "Mary"), UserError, "expected a token id");
  model.close();
});
