/**
 * The saved notebooks on transcoders. If this fails because a model, its transcoders or a definition has changed, run
 * `deno run -A notebooks/run_notebook.ts transcoder_circuits/{name}.ipynb`.
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { keyNumbers, readNotebook, runNotebook } from "../notebooks/mod.ts";
import { assertSameNumbers, assertSavedOutputs, textOf } from "../tests/support/notebooks.ts";

const pathOf = (name: string) => new URL(`./${name}.ipynb`, import.meta.url).pathname;
const WALKTHROUGH = pathOf("walkthrough"), YEARS = pathOf("greater_than");

for (const [name, pictures] of [["walkthrough", 1], ["greater_than", 2]] as const) {
  Deno.test(`${name}.ipynb holds the outputs of all its cells`, () =>
    assertSavedOutputs(pathOf(name), pictures));
}

Deno.test("walkthrough.ipynb gives the saved numbers again, and each node's balance adds up", async () => {
  const saved = await readNotebook(WALKTHROUGH);
  assertSameNumbers(keyNumbers(await runNotebook(WALKTHROUGH)), keyNumbers(saved));
  const numbers = keyNumbers(saved) as Record<string, number>;
  assert(numbers.loss_replaced - numbers.loss < 0.05, "transcoders cost little");
  assert(numbers.loss_zero - numbers.loss > 2, "MLPs matter");
  const balances = textOf(saved).split("| node | gives |")[1].split("\n").slice(2, 10);
  assertEquals(balances.length, 8);
  for (const line of balances) {
    const [given, ...parts] = line.split("|").slice(2, -1)
      .map((cell) => Number(cell.trim().replace("−", "-")));
    assertAlmostEquals(parts.reduce((a, b) => a + b), given, 0.03, line);
  }
});

Deno.test("walkthrough.ipynb runs on an early checkpoint", async () => {
  const notebook = await runNotebook(WALKTHROUGH, { STEP: "1024", TOKENS: "2048" });
  assert((keyNumbers(notebook) as { loss: number }).loss > 1);
});

Deno.test("greater_than.ipynb gives the saved numbers again; few features are enough, and none is worse than no MLP", async () => {
  const saved = keyNumbers(await readNotebook(YEARS));
  assertSameNumbers(keyNumbers(await runNotebook(YEARS)), saved);
  const { score, transcoder, zero, enough, curve_features } = saved as Record<string, number> & {
    curve_features: number[];
  };
  assert(score > 0.8 && Math.abs(score - transcoder) < 0.02);
  assert(enough <= 4);
  assertAlmostEquals(curve_features[0], zero, 0.05, "no features leave the output bias");
});
