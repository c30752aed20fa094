import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { ReferenceCase } from "../../verify/reference_case.ts";
import { copyScores } from "./copy_score.ts";

const CASES = ["neox", "gpt2"] as const;
const open = (name: string) =>
  ReferenceCase.open(fromFileUrl(new URL(`../../../tests/reference/${name}`, import.meta.url)));

async function question(c: ReferenceCase) {
  const { IO, S1, S2 } = c.heads!.positions;
  const prompts = await c.tokens("tokens.clean");
  return [prompts, prompts.map(() => [IO, S1, S2])] as const;
}

for (const name of CASES) {
  Deno.test(`copyScores() gives the reference scores (${name})`, async () => {
    const c = await open(name);
    const { positive, negative } = await copyScores(await c.folded(), ...await question(c));
    assertEquals(positive, await c.read("copy_score"));
    assertEquals(negative, await c.read("copy_score.negative"));
    await c.close();
  });

  Deno.test(`copyScores() does not depend on the number of heads and names per run (${name})`, async () => {
    const c = await open(name);
    const model = await c.folded();
    const [prompts, positions] = await question(c);
    const whole = await copyScores(model, prompts, positions);
    const parts = await copyScores(model, prompts, positions, {
      logitBytes: 3 * 4 * 7 * model.config.vocabSize,
      rowsAtOnce: 7,
    });
    assertEquals(parts, whole);
    await c.close();
  });
}

Deno.test("copyScores() is 100 if all tokens count as predicted, and grows with topK", async () => {
  const c = await open("neox");
  const model = await c.folded();
  const [prompts, positions] = await question(c);
  const all = await copyScores(model, prompts, positions, { topK: model.config.vocabSize });
  assertEquals([...new Set([...all.positive, ...all.negative])], [100]);
  const best = await copyScores(model, prompts, positions, { topK: 1 });
  const five = await copyScores(model, prompts, positions, { topK: 5 });
  best.positive.forEach((score, i) => assertEquals(score <= five.positive[i], true));
  await c.close();
});
