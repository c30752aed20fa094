import { assert, assertEquals, assertThrows } from "@std/assert";
import { corpusTokenizer } from "./tokenizer_builder.ts";
import { tokenBatches } from "./batches.ts";
import { documents } from "./corpus.ts";
import { mark, readMarks, sentence, tokenLabels } from "./labels.ts";
import { ALL_NAMES } from "./words/mod.ts";

const tokenizer = corpusTokenizer();

Deno.test("readMarks() gives the text without marks and where each marked word stands", () => {
  const marked = `${sentence("span")}The war of ${mark("1732", "first_year")}. ${
    sentence("agreement")
  }The ${mark("guards", "subject", { entity: "guard", number: "plural" })} like ${
    mark("Monday", "item", { index: 3 })
  }.`;
  assertEquals(readMarks(marked, "prose"), {
    text: "The war of 1732. The guards like Monday.",
    spans: [
      { start: 11, end: 15, role: "first_year", entity: "1732" },
      { start: 21, end: 27, role: "subject", entity: "guard", number: "plural" },
      { start: 33, end: 39, role: "item", entity: "Monday", index: 3 },
    ],
    sentences: [{ start: 0, name: "span" }, { start: 17, name: "agreement" }],
  });
});

Deno.test("readMarks() names a text without marks after its kind", () => {
  assertEquals(readMarks("Hello.", "prose"), {
    text: "Hello.",
    spans: [],
    sentences: [{ start: 0, name: "prose" }],
  });
});

Deno.test("readMarks() rejects a mark with an unknown attribute", () => {
  assertThrows(() => readMarks("{a|item|colour=red}", "prose"), Error, `"colour"`);
});

Deno.test("tokenLabels() counts positions by sentence and parts of a word by token", () => {
  const document = readMarks(
    `${sentence("span")}From ${mark("1732", "first_year")}. ${sentence("prose")}It is late.`,
    "year_spans",
  );
  const ids = tokenizer.encode(document.text);
  const labels = tokenLabels(tokenizer, ids, "year_spans", document);
  assertEquals(ids.map((id) => tokenizer.decode([id])), [
    "From",
    " 17",
    "32",
    ".",
    " It",
    " is",
    " late",
    ".",
  ]);
  assertEquals(labels.map((l) => `${l.sentence} ${l.position} ${l.role ?? "-"} ${l.part ?? "-"}`), [
    "span 0 - -",
    "span 1 first_year 0",
    "span 2 first_year 1",
    "span 3 - -",
    "prose 0 - -",
    "prose 1 - -",
    "prose 2 - -",
    "prose 3 - -",
  ]);
});

Deno.test("the tokens that share a marked word spell it, in every kind of document", () => {
  const kinds = new Set<string>();
  let n = 0;
  for (const document of documents(11)) {
    const ids = tokenizer.encode(document.text);
    const labels = tokenLabels(tokenizer, ids, document.kind, document);
    assertEquals(labels.length, ids.length);
    const spelt: string[] = [];
    labels.forEach(({ role, part }, i) => {
      if (role === undefined) return;
      kinds.add(document.kind);
      if (part === 0) spelt.push("");
      spelt[spelt.length - 1] += tokenizer.decode([ids[i]]);
    });
    const expected = document.spans.map(({ start, end }) => document.text.slice(start, end));
    assertEquals(spelt.map((word) => word.trim()), expected, document.text);
    if (++n === 3_000) break;
  }
  assertEquals(kinds.size, 9);
});

Deno.test("labels() describes the very tokens of at()", () => {
  const options = { tokenizer, seed: 3, batch: 4, context: 65, repeatedIdsShare: 0.2 };
  const batches = tokenBatches(options);
  const names = new Set(ALL_NAMES);
  const seen: Record<string, number> = {};
  for (let step = 0; step < 40; step++) {
    const ids = batches.at(step);
    const labels = batches.labels(step);
    assertEquals(labels.length, ids.length);
    labels.forEach((label, i) => {
      const text = tokenizer.decode([ids[i]]).trim();
      seen[label.kind] = (seen[label.kind] ?? 0) + 1;
      if (label.kind === "end_of_text") assertEquals(ids[i], tokenizer.eosId);
      if (label.role === "recipient") assert(names.has(text), text);
      if (label.role === "first_year" && label.part === 1) assert(/^\d\d$/.test(text), text);
      if (label.role === "later_copy") {
        // The token of the first copy with this index stands one period or more before.
        const period = labels.slice(0, i).findLastIndex((l) =>
          l.kind === "repeated_ids" && l.index === label.index
        );
        assertEquals(ids[period], ids[i]);
      }
    });
  }
  assert(seen.end_of_text > 0 && seen.repeated_ids > 0 && seen.two_people > 0);
});
