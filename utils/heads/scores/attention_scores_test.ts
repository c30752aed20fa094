import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { HookedModel } from "../../model/hooked_model.ts";
import { relativeError } from "../../verify/comparison.ts";
import { ReferenceCase } from "../../verify/reference_case.ts";
import { attentionToNames, repeatedTokens, repeatedTokenScores } from "./attention_scores.ts";
import { fromFileUrl } from "@std/path";

const CASES = ["neox", "gpt2"] as const;
const folder = (name: string) =>
  fromFileUrl(new URL(`../../../tests/reference/${name}`, import.meta.url));

for (const name of CASES) {
  Deno.test(`repeatedTokenScores() gives the reference's three scores (${name})`, async () => {
    const c = await ReferenceCase.open(folder(name));
    const scores = await repeatedTokenScores(c.model, await c.tokens("heads.tokens"));
    const references = {
      prevToken: "heads.prev_token",
      duplicateToken: "heads.duplicate_token",
      induction: "heads.induction",
    } as const;
    for (const [key, reference] of Object.entries(references)) {
      const error = relativeError(scores[key as keyof typeof scores], await c.read(reference));
      assert(error < 2e-5, `${key}: ${error}`);
    }
    await c.close();
  });
}

Deno.test("attentionToNames() averages END's row of the pattern at each name", async () => {
  const model = await HookedModel.load(`${folder("neox")}/model`);
  const prompts = [
    { clean: [5, 17, 9, 30, 41, 17, 8], marks: { IO: 3, S1: 1, S2: 5, END: 6 } },
    { clean: [5, 11, 30, 4, 30, 9, 22, 60, 3], marks: { IO: 1, S1: 2, S2: 4, END: 7 } },
  ];
  const { io, s1, s2 } = await attentionToNames(model, prompts);
  const { nLayers, nHeads } = model.config;
  for (let l = 0; l < nLayers; l++) {
    const name = `blocks.${l}.attn.hook_pattern`;
    const runs = await Promise.all(
      prompts.map(({ clean }) => model.run([clean], { read: [name] })),
    );
    for (let h = 0; h < nHeads; h++) {
      const expected = (mark: "IO" | "S1" | "S2") =>
        prompts.reduce((sum, { clean, marks }, n) => {
          const { data } = runs[n].hooks.get(name)!;
          return sum + data[(h * clean.length + marks.END) * clean.length + marks[mark]] / 2;
        }, 0);
      assertAlmostEquals(io[l * nHeads + h], expected("IO"), 1e-6);
      assertAlmostEquals(s1[l * nHeads + h], expected("S1"), 1e-6);
      assertAlmostEquals(s2[l * nHeads + h], expected("S2"), 1e-6);
    }
  }
  await assertRejects(
    () => attentionToNames(model, [{ clean: [1, 2, 3], marks: { END: 2, IO: 0 } }]),
    Error,
    "prompt 0 has no mark S1",
  );
  model.close();
});

Deno.test("repeatedTokens() draws seeded tokens from the range and repeats them", () => {
  const tokens = repeatedTokens({ batch: 3, half: 50, ids: [7, 9], seed: 1 });
  assertEquals(tokens.map((list) => list.length), [100, 100, 100]);
  for (const list of tokens) assertEquals(list.slice(0, 50), list.slice(50));
  assertEquals([...new Set(tokens.flat())].sort(), [7, 8, 9]);
  assertEquals(tokens, repeatedTokens({ batch: 3, half: 50, ids: [7, 9], seed: 1 }));
  assert(`${tokens}` !== `${repeatedTokens({ batch: 3, half: 50, ids: [7, 9], seed: 2 })}`);
  assertThrows(() => repeatedTokens({ ids: [9, 7] }), RangeError, "9 … 7");
});

Deno.test("repeatedTokenScores() refuses lists that do not repeat or do not fit the context", async () => {
  const model = await HookedModel.load(`${folder("neox")}/model`);
  await assertRejects(
    () => repeatedTokenScores(model, [[1, 2, 3, 1, 2, 4]]),
    Error,
    "list 0 is not a sequence of 3 tokens followed by itself",
  );
  const half = model.config.maxPositions / 2 + 1;
  await assertRejects(
    () => repeatedTokenScores(model, repeatedTokens({ half, ids: [1, 50] })),
    Error,
    `use a half of at most ${half - 1}`,
  );
  model.close();
});
