import { assert, assertEquals } from "@std/assert";
import type { Tokenizer } from "../../../model/mod.ts";
import { KeptRows } from "../../../transcoders/mod.ts";
import type { Plan } from "../plan.ts";
import { heldOutRows } from "./held_out.ts";

const [BATCH, CONTEXT, PASS] = [3, 8, 60];
/** Rows of a file that has no order: every id of row r of a pass is r + 1, except the first, which is excluded. */
const stream = {
  batch: BATCH,
  context: CONTEXT,
  at: (step: number) =>
    Int32Array.from(
      { length: BATCH * CONTEXT },
      (_, i) => i % CONTEXT === 0 ? 0 : (step * BATCH + Math.floor(i / CONTEXT)) % PASS + 1,
    ),
};

/** Held-out rows of a training of `steps` steps of 21 tokens in blocks of 42. */
async function rowsAfter(steps: number, eval_tokens = 96, eval_fit_tokens = 48) {
  const settings = { eval_tokens, eval_fit_tokens, context_size: CONTEXT, train_batch_size: 21 };
  const rows = new KeptRows(stream, { excluded: [0] });
  const found = await heldOutRows(
    { settings: { ...settings, dataset_path: "a.txt" }, steps, blockRows: 42 } as Plan,
    {
      tokenizer: {} as Tokenizer,
      text: { stream, rowsPerPass: PASS, close() {} },
      ...{ rows, excluded: [0] },
    },
  );
  const trained = [...rows.segments(0, Math.ceil(steps / 2) * 42)]
    .flatMap(({ ids, positions }) => [...positions].map((p) => ids[p]));
  const idsOf = (part: readonly { prompts: readonly (readonly number[])[] }[] = []) =>
    new Set(part.flatMap(({ prompts }) => prompts.map((tokens) => tokens[1])));
  return { found, trained: new Set(trained), rows: idsOf(found?.rows), fit: idsOf(found?.fitRows) };
}

Deno.test("rows of a file to evaluate on, to fit floors on and to train on share nothing", async () => {
  for (const steps of [1, 4, 9]) {
    const { found, trained, rows, fit } = await rowsAfter(steps);
    assertEquals(trained.size, Math.ceil(steps / 2) * 6);
    assert(rows.isDisjointFrom(trained) && fit.isDisjointFrom(trained) && fit.isDisjointFrom(rows));
    assertEquals([rows.size, fit.size], [12, 6], "96 and 48 tokens");
    // The excluded first position does not count.
    assertEquals(found!.rows.reduce((n, { count }) => n + count, 0), 12 * (CONTEXT - 1));
  }
});

Deno.test("a file with little left is shared out, and one that training takes completely gives none", async () => {
  const { trained, rows, fit } = await rowsAfter(18);
  assert(rows.isDisjointFrom(trained) && fit.isDisjointFrom(trained) && fit.isDisjointFrom(rows));
  assertEquals([trained.size, rows.size, fit.size], [54, 3, 3]);
  assertEquals((await rowsAfter(20)).found, undefined);
  assertEquals((await rowsAfter(4, 0)).found, undefined, "eval_tokens 0");
});
