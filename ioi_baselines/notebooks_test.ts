/**
 * The saved notebooks: they have outputs, their code runs, and it gives the saved numbers. If this fails because a model or
 * a definition has changed, run `deno run -A notebooks/run_notebook.ts ioi_baselines/{name}.ipynb`.
 */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { Resvg } from "@resvg/resvg-js";
import { keyNumbers, type Notebook, readNotebook } from "../notebooks/notebook.ts";
import { runNotebook } from "../notebooks/run_notebook.ts";

const pathOf = (name: string) => new URL(`./${name}.ipynb`, import.meta.url).pathname;
const NAMES = ["ioi_circuit", "ioi_over_training"];
const CIRCUIT = pathOf("ioi_circuit"), TRAINING = pathOf("ioi_over_training");

const bundles = ({ cells }: Notebook) =>
  cells.flatMap((cell) => cell.outputs ?? [])
    .flatMap((output) => output.output_type === "display_data" ? [output.data] : []);

const textOf = (notebook: Notebook) =>
  bundles(notebook).map((data) => (data["text/plain"] as string[]).join("")).join("\n");

/** Returns the steps in the keys `step{n}`, ascending. */
const stepsOf = (numbers: Record<string, unknown>) =>
  Object.keys(numbers).map((name) => Number(name.slice(4))).sort((a, b) => a - b);

/** Asserts the same structure and texts, and numbers within ±0.005. */
function assertClose(found: unknown, expected: unknown, where = "key numbers"): void {
  if (typeof expected === "number") {
    assertAlmostEquals(found as number, expected, 0.005, where);
  } else if (expected !== null && typeof expected === "object") {
    assertEquals(Object.keys(found as object).sort(), Object.keys(expected).sort(), where);
    for (const [key, value] of Object.entries(expected)) {
      assertClose((found as Record<string, unknown>)[key], value, `${where}: ${key}`);
    }
  } else assertEquals(found, expected, where);
}

for (const name of NAMES) {
  Deno.test(`${name}.ipynb holds the outputs of all its cells, pictures that can be drawn among them`, async () => {
    const notebook = await readNotebook(pathOf(name));
    const code = notebook.cells.filter((cell) => cell.cell_type === "code");
    assertEquals(code.map((cell) => cell.execution_count), code.map((_, i) => i + 1));
    for (const cell of code) {
      const shows = /await show\(|console\.log\(/.test(cell.source.join(""));
      assertEquals(cell.outputs!.length > 0, shows, cell.id);
    }
    const pictures = bundles(notebook).filter((data) => "image/svg+xml" in data);
    assert(pictures.length >= 5);
    for (const data of pictures) {
      const { width } = new Resvg((data["image/svg+xml"] as string[]).join("")).render();
      assert(width > 300 && width <= 1000);
    }
  });
}

Deno.test("ioi_circuit.ipynb gives the saved numbers again", async () => {
  assertClose(keyNumbers(await runNotebook(CIRCUIT)), keyNumbers(await readNotebook(CIRCUIT)));
});

Deno.test("ioi_over_training.ipynb gives the saved numbers again, at its first and last step", async () => {
  const saved = keyNumbers(await readNotebook(TRAINING));
  const all = stepsOf(saved);
  const steps = [all[0], all.at(-1)!];
  const again = keyNumbers(await runNotebook(TRAINING, { STEPS: JSON.stringify(steps) }));
  assertClose(again, Object.fromEntries(steps.map((s) => [`step${s}`, saved[`step${s}`]])));
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
