/**
 * The saved case studies, the sweep and the blind comparison. If this fails because a model, its transcoders or a definition has
 * changed, run `deno run -A notebooks/run_notebook.ts transcoder_circuits/{name}.ipynb`. What the text of a blind study says was
 * written before its scores; do not change the hypothesis.
 */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { keyNumbers, readNotebook, runNotebook } from "../notebooks/mod.ts";
import { assertSameNumbers, assertSavedOutputs } from "../tests/support/notebooks.ts";
import { run } from "../tests/support/run_script.ts";
import { readKey } from "./score_ratings.ts";

const pathOf = (name: string) => new URL(`./${name}.ipynb`, import.meta.url).pathname;
type Numbers = Record<string, number> & Record<"f1" | "as_is" | "effects", number[]>;
const saved = async (name: string) => keyNumbers(await readNotebook(pathOf(name))) as Numbers;

const STUDIES = ["citations", "local_context", "restricted_blind"];

for (const name of [...STUDIES, "caught", "interp_comparison"]) {
  Deno.test(`${name}.ipynb holds the outputs of all its cells`, () =>
    assertSavedOutputs(pathOf(name), 0));
}

Deno.test("case studies give the saved numbers again", async () => {
  for (const name of STUDIES) {
    assertSameNumbers(keyNumbers(await runNotebook(pathOf(name))), await saved(name), 0.02, name);
  }
});

Deno.test("case studies say what their numbers say", async () => {
  const citations = await saved("citations");
  assert(citations.f1[1] > citations.f1_token, "the construction is more than the comma");
  const blind = await saved("restricted_blind");
  assert(blind.f1[0] < 0.05 && blind.f1_token > 0.5, "the blind hypothesis was wrong");
  const context = await saved("local_context") as unknown as Record<string, number[]>;
  assert(context.f1[1] < context.f1_token[0], "the hypothesis is not better than one token");
});

Deno.test("caught.ipynb on less text: patches read the pre-activation that the coder gives", async () => {
  const found = keyNumbers(await runNotebook(pathOf("caught"), { TOKENS: "8192" })) as Numbers;
  const expected = await saved("caught");
  for (const key of ["as_is", "source", "target", "effects"] as const) {
    assertSameNumbers(found[key], expected[key], 0.02, key);
  }
  // one is W·x + b by hand, the other the coder's own program, whose TopK keeps it
  assertAlmostEquals(found.source, found.as_is[0], 0.001);
  assertEquals([found.target < 0, found.as_is[1]], [true, 0]);
});

Deno.test("sweep.ipynb gives the saved numbers and a picture again", async () => {
  await assertSavedOutputs(pathOf("sweep"), 1);
  assertSameNumbers(keyNumbers(await runNotebook(pathOf("sweep"))), await saved("sweep"));
});

Deno.test("interp_comparison.ipynb draws another study and scores the saved one again", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // the embedded transcoders take the place of autoencoders, so that nothing is trained
    const numbers = keyNumbers(
      await runNotebook(pathOf("interp_comparison"), {
        SAES: '"models/transcoders/pythia-nano"',
        PER_KIND: "4",
        TOKENS: "8192",
        OUTPUT: JSON.stringify(folder),
      }),
    );
    const { drawn: _, ...expected } = await saved("interp_comparison");
    const { drawn, ...found } = numbers;
    assertSameNumbers(found, expected);
    assertEquals(drawn, { transcoder: 4, sae: 4, random: 4 });
    const key = await readKey(`${folder}/key.json`);
    const page = await Deno.readTextFile(`${folder}/rate.html`);
    assertStringIncludes(page, key.study);
    for (const word of ["transcoder", "autoencoder", "random direction", "models/", '"sae"']) {
      assert(!page.toLowerCase().includes(word), word);
    }
    const stored = new URL("./interp_comparison/", import.meta.url).pathname;
    const score = (key: string) =>
      run("transcoder_circuits/score_ratings", key, `${stored}ratings.json`);
    const right = await score(`${stored}key.json`);
    assertEquals(right.code, 0, right.stderr);
    assertStringIncludes(right.stdout, "transcoder − random");
    const wrong = await score(`${folder}/key.json`);
    assertEquals(wrong.code, 1);
    assertStringIncludes(wrong.stderr, `the key is of study ${key.study}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
