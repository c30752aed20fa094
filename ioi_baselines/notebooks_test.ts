/**
 * The saved notebooks: they have outputs, their code runs, and it gives the saved numbers. If this fails because a model or
 * a definition has changed, run `deno run -A notebooks/run_notebook.ts ioi_baselines/{name}.ipynb`.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { keyNumbers, readNotebook, runNotebook } from "../notebooks/mod.ts";
import { assertSameNumbers, assertSavedOutputs, textOf } from "../tests/support/notebooks.ts";

const pathOf = (name: string) => new URL(`./${name}.ipynb`, import.meta.url).pathname;
const NAMES = ["ioi_circuit", "ioi_over_training"];
const CIRCUIT = pathOf("ioi_circuit"), TRAINING = pathOf("ioi_over_training");

/** Returns the steps in the keys `step{n}`, ascending. */
const stepsOf = (numbers: Record<string, unknown>) =>
  Object.keys(numbers).map((name) => Number(name.slice(4))).sort((a, b) => a - b);

for (const name of NAMES) {
  Deno.test(`${name}.ipynb holds the outputs of all its cells, pictures that can be drawn among them`, () =>
    assertSavedOutputs(pathOf(name), 5));
}

Deno.test("ioi_circuit.ipynb gives the saved numbers again", async () => {
  assertSameNumbers(
    keyNumbers(await runNotebook(CIRCUIT)),
    keyNumbers(await readNotebook(CIRCUIT)),
  );
});

Deno.test("ioi_over_training.ipynb gives the saved numbers again, at its first and last step", async () => {
  const saved = keyNumbers(await readNotebook(TRAINING));
  const all = stepsOf(saved);
  const steps = [all[0], all.at(-1)!];
  const again = keyNumbers(await runNotebook(TRAINING, { STEPS: JSON.stringify(steps) }));
  assertSameNumbers(again, Object.fromEntries(steps.map((s) => [`step${s}`, saved[`step${s}`]])));
});

Deno.test("ioi_over_training.ipynb shows heads that copy names at the end of training, none at its start, and says which algorithm it is", async () => {
  const notebook = await readNotebook(TRAINING);
  const saved = keyNumbers(notebook) as Record<
    string,
    { roles: string[]; largest_copy_score: number }
  >;
  const steps = stepsOf(saved);
  const [start, end] = [steps[0], steps.at(-1)!].map((step) => saved[`step${step}`]);
  assertEquals(start.roles, []);
  assert(start.largest_copy_score < 10 && end.largest_copy_score > 50);
  const copies = end.roles.filter((role) => /name mover|copies both names/.test(role));
  assert(copies.length > 0);
  const last = textOf(notebook).split("**Step ").at(-1)!;
  assertStringIncludes(last, `${steps.at(-1)}**`);
  const moves = copies.some((role) => role.endsWith("name mover"));
  assertStringIncludes(last, moves ? "**Name movers**" : "**No name mover**");
});

Deno.test("ioi_circuit.ipynb runs to its end on an untrained checkpoint, where there is no circuit", async () => {
  const notebook = await runNotebook(CIRCUIT, { STEP: "0", PROMPTS: "5" });
  assertEquals(keyNumbers(notebook).roles, []);
  assertStringIncludes(textOf(notebook), "No circuit.");
});
