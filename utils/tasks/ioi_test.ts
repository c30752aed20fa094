import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodableIoiWords, ioiPairs, ioiPrompts } from "./ioi.ts";
import { flipPrompt, IOI_FLIPS, type IoiFlipName } from "./ioi_flips.ts";
import published from "../../tests/support/ioi_prompts_seed_42.json" with { type: "json" };
import { gpt2Tokenizer, wordTokenizer } from "../../tests/support/tokenizers.ts";
import { ABBA_TEMPLATES, BABA_TEMPLATES } from "./words/ioi_templates.ts";
import { IOI_NAMES } from "./words/names.ts";

const tokenizer = gpt2Tokenizer();

Deno.test("ioiPrompts() with seed 42 gives the 70 published prompts", () => {
  const prompts = ioiPrompts(70);
  assertEquals(published.length, 70);
  assertEquals(prompts.map(({ text }) => text), published);
  for (const { text, io, s, order } of prompts) {
    assertEquals(text.split(" ").at(-1), io);
    const mentions = text.split(" ").filter((word) => word === io || word === s).slice(0, 3);
    assertEquals(mentions, order === "ABB" ? [io, s, s] : [s, io, s]);
  }
});

Deno.test("ABBA templates exchange only the first two mentions", () => {
  BABA_TEMPLATES.forEach((template, i) => {
    assertEquals(ABBA_TEMPLATES[i].replace("[A] and [B]", "[B] and [A]"), template);
    assert(ABBA_TEMPLATES[i].includes("[A] and [B]"));
  });
});

Deno.test("ioiPairs() marks IO, S1, S2 and END where the published worked example has them", () => {
  const [pair] = ioiPairs(tokenizer, 1);
  assertEquals(pair.cleanText, published[0]);
  assertEquals(pair.marks, { IO: 2, S1: 4, S2: 14, END: 18 });
  assertEquals([pair.position, pair.clean.length], [18, 20]);
  assertEquals(tokenizer.decode([pair.clean[18]]), " to");
  const changed = pair.clean.flatMap((id, i) => id === pair.corrupted[i] ? [] : [i]);
  assertEquals(changed, [14]);
  assertEquals(pair.corrupted[14], pair.correct[0]);
  assertEquals([pair.correct, pair.wrong].flat().map((id) => tokenizer.decode([id])), [
    " Alex",
    " Anthony",
  ]);
});

Deno.test("ioiPairs() corrupts by repeating the indirect object in every prompt", () => {
  for (const pair of ioiPairs(tokenizer, 70)) {
    const { IO, S1, S2, END } = pair.marks!;
    const expected = [...pair.clean];
    expected[S2] = pair.clean[IO];
    assertEquals(pair.corrupted, expected);
    assertEquals(pair.clean[S1], pair.clean[S2]);
    assertEquals(pair.clean[END + 1], pair.correct[0]);
  }
});

Deno.test("flipPrompt() gives each flip the token and the position signal of its name", () => {
  const prompts = ioiPrompts(200, 1);
  for (const name of Object.keys(IOI_FLIPS) as IoiFlipName[]) {
    const flipped = flipPrompt(prompts, IOI_FLIPS[name], 1, IOI_NAMES);
    prompts.forEach(({ text, io, s, order }, i) => {
      const words = flipped[i].text.split(" ");
      const places = text.split(" ").flatMap((w, at) => w === io || w === s ? [at] : []);
      const [first, second, s2] = places.slice(0, 3).map((at) => words[at]);
      const token = s2 === s ? "same" : s2 === io ? "oppo" : "diff";
      const repeated = order === "ABB" ? second : first;
      const position = s2 === repeated ? "same" : "oppo";
      assertEquals(`token_${token}_pos_${position}`, name);
      assert(first !== second && (s2 === first || s2 === second));
      assert(words.every((word, at) => word === text.split(" ")[at] || places.includes(at)));
      assertEquals(words.at(-1), io, "the final name must stay");
    });
  }
});

Deno.test("flipPrompt() draws the same fresh names whatever the order of the pool", () => {
  const prompts = ioiPrompts(20);
  const rule = IOI_FLIPS.token_diff_pos_same;
  const once = flipPrompt(prompts, rule, 42, IOI_NAMES);
  assertEquals(flipPrompt(prompts, rule, 42, [...IOI_NAMES].reverse()), once);
  assert(new Set(once.map(({ mentions }) => mentions[0])).size > 5);
  assertThrows(() => flipPrompt(prompts, "ABB->XY", 42, IOI_NAMES), Error, "flip rule");
});

Deno.test("ioiPairs() leaves out names that are not single tokens of a small tokenizer", () => {
  const words = BABA_TEMPLATES.join(" ").replaceAll(/\[\w+\]/g, "").match(/\w+/g)!;
  const small = wordTokenizer([
    ..." Mary, John, Anna, Paul, store, garden, ring, drink".split(","),
    ...words.flatMap((word) => [word, " " + word]),
    ",",
    ".",
  ]);
  assertEquals(encodableIoiWords(small), {
    names: ["Anna", "John", "Mary", "Paul"],
    places: ["store", "garden"],
    objects: ["ring", "drink"],
  });
  const pairs = ioiPairs(small, 40);
  assertEquals(pairs.length, 40);
  assert(pairs.every(({ clean }) => !clean.includes(small.unkId!)));
  assertThrows(() => ioiPairs(wordTokenizer([" Mary"]), 1), Error, "at least 3 names, found 1");
});
