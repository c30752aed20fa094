import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { inFolder } from "../../../tests/support/run_script.ts";
import { UserError } from "../../base/mod.ts";
import { loadTokenizer, localCheckpoint, modelSource } from "../../model/mod.ts";
import { splitOf } from "../../text/mod.ts";
import { evaluationRows } from "./evaluation_text.ts";
import type { TokenRows } from "./token_rows.ts";

const source = modelSource("pythia-nano");
const tokenizer = await loadTokenizer(
  localCheckpoint(source.kind === "folder" ? source.dir : "", "step0"),
);
const EOS = tokenizer.eosId!;
const COMMON = {
  ...{ tokenizer, batch: 2, context: 32, tokens: 128, fitTokens: 64, seed: 3, excluded: [EOS] },
  ...{ rows: "packed" as const, cacheDir: "" },
};
const rowsIn = (batches: readonly TokenRows[]) => batches.flatMap(({ prompts }) => [...prompts]);

Deno.test("the embedded corpus gives validation text to measure on and training text to fit on", async () => {
  const { rows, fitRows } = await evaluationRows(COMMON);
  assertEquals([rows.length, fitRows.length], [2, 1]);
  for (const [batches, split] of [[rows, "validation"], [fitRows, "train"]] as const) {
    for (const row of rowsIn(batches)) {
      // The first and the last document of a row may be cut.
      const text = row.map((id) => id === EOS ? "\n" : tokenizer.decode([id])).join("");
      const whole = text.replace(/^\n/, "").split("\n").slice(0, -1);
      for (const document of whole.filter((one) => !/^\W*(?:\S+\s+)?$/.test(one))) {
        if (splitOf(document) !== split) assert(isRandom(document), document);
      }
    }
  }
  const [{ prompts, counted, count, pos }] = rows;
  prompts.forEach((row, b) =>
    row.forEach((id, p) => assertEquals(counted[b * pos + p], Number(id !== EOS)))
  );
  assertEquals(count, prompts.flat().filter((id) => id !== EOS).length);
});

/** Documents of random ids have no split; they are not sentences. */
const isRandom = (document: string) => !/^[A-Z][^\n]*[.?!"]$/.test(document);

Deno.test("a file gives its first rows to measure on and the next to fit on; another file gives its own", () =>
  inFolder(async (folder) => {
    const [text, other] = ["a.txt", "b.txt"].map((name) => join(folder, name));
    await Deno.writeTextFile(text, "Mary gave John a book. ".repeat(60));
    await Deno.writeTextFile(other, "The guards of the king are old. ".repeat(60));
    const options = { ...COMMON, cacheDir: join(folder, "cache"), text };
    const one = await evaluationRows({ ...options, tokens: 64 });
    const all = await evaluationRows({ ...options, tokens: 100_000, fitTokens: 1 });
    assertEquals([one.rows.length, one.fitRows.length], [1, 1]);
    // In the order of the file: what one fit on, the other measures on.
    assertEquals(rowsIn(all.rows).slice(0, 4), rowsIn([...one.rows, ...one.fitRows]));
    assertEquals(all.fitRows.length, 1, "one batch is left for the fit");
    const two = await evaluationRows({ ...options, fitText: other });
    assert(tokenizer.decode([...two.fitRows[0].prompts[0]]).includes("guards"));
    assert(!tokenizer.decode(rowsIn(two.rows).flat()).includes("guards"));
    await Deno.writeTextFile(text, "Mary gave John a book.");
    const { message } = await assertRejects(
      () => evaluationRows({ ...options, batch: 1, context: 8 }),
      UserError,
    );
    assert(/a.txt: expected at least 2 rows of 8 tokens, found 1/.test(message), message);
  }));
