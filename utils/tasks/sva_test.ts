import { assert, assertEquals, assertThrows } from "@std/assert";
import { SVA_STRUCTURES } from "./sva_structures.ts";
import { svaPairs } from "./sva.ts";
import { gpt2Tokenizer, wordTokenizer } from "../../tests/support/tokenizers.ts";
import { ANSWER_VERBS } from "./words/sva_words.ts";

const tokenizer = gpt2Tokenizer();

/** One sentence of each structure, singular and plural, written by hand. */
const EXAMPLES: Record<string, [string, string]> = {
  simple_agrmt: ["The farmer", "The farmers"],
  sent_comp: ["The guards said the farmer", "The guards said the farmers"],
  vp_coord: ["The farmer sings and", "The farmers sing and"],
  long_vp_coord: [
    "The farmer knows many old songs and games and",
    "The farmers know many old songs and games and",
  ],
  prep_anim: ["The farmer behind the guards", "The farmers behind the guards"],
  prep_inanim: ["The song by the guards", "The songs by the guards"],
  subj_rel: ["The farmer that likes the guards", "The farmers that like the guards"],
  obj_rel_across_anim: ["The farmer that the guards like", "The farmers that the guards like"],
  obj_rel_across_inanim: ["The song that the guard likes", "The songs that the guard likes"],
  obj_rel_within_anim: ["The farmers that the guard", "The farmers that the guards"],
  obj_rel_within_inanim: ["The songs that the guard", "The songs that the guards"],
  obj_rel_no_comp_across_anim: ["The farmer the guards like", "The farmers the guards like"],
  obj_rel_no_comp_across_inanim: ["The song the guard likes", "The songs the guard likes"],
  obj_rel_no_comp_within_anim: ["The farmers the guard", "The farmers the guards"],
  obj_rel_no_comp_within_inanim: ["The songs the guard", "The songs the guards"],
};

Deno.test("the 15 structures contain sentences written by hand", () => {
  assertEquals(Object.keys(SVA_STRUCTURES).sort(), Object.keys(EXAMPLES).sort());
  for (const [name, [singular, plural]] of Object.entries(EXAMPLES)) {
    const pairs = SVA_STRUCTURES[name]();
    assert(pairs.some((p) => p.singular === singular && p.plural === plural), name);
    const words = (text: string) => text.split(" ").length;
    assert(pairs.every((p) => words(p.singular) === words(p.plural)), name);
    assertEquals(new Set(pairs.map((p) => p.singular + p.plural)).size, pairs.length, name);
  }
});

Deno.test("svaPairs() has the same number of prompts per structure, and both directions", () => {
  const structureOf = new Map(
    Object.entries(SVA_STRUCTURES).flatMap(([name, pairs]) =>
      pairs().flatMap((p) => [[p.singular + "|" + p.plural, name], [
        p.plural + "|" + p.singular,
        name,
      ]])
    ) as [string, string][],
  );
  const prompts = svaPairs(tokenizer, 300);
  assertEquals(prompts.length, 300);
  const counts = new Map<string, number>();
  const keys = new Set(prompts.map((p) => `${p.cleanText}|${p.corruptedText}`));
  for (const p of prompts) {
    const name = structureOf.get(`${p.cleanText}|${p.corruptedText}`)!;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    assert(keys.has(`${p.corruptedText}|${p.cleanText}`));
  }
  assertEquals([...counts.values()], Array(15).fill(20));
});

Deno.test("svaPairs() counts as correct the verbs that agree with the clean subject", () => {
  const ids = (number: 0 | 1) =>
    ANSWER_VERBS.map((verb) => tokenizer.singleToken(" " + verb[number]));
  const prompts = svaPairs(tokenizer, 200);
  for (const { cleanText, corruptedText, correct, wrong, position, clean } of prompts) {
    // the prompts differ in one noun; its singular is the plural without the s
    const at = cleanText.split(" ").findIndex((word, i) => word !== corruptedText.split(" ")[i]);
    const singular = !cleanText.split(" ")[at].endsWith("s");
    assertEquals([correct, wrong], singular ? [ids(0), ids(1)] : [ids(1), ids(0)]);
    assertEquals(position, clean.length - 1);
  }
  assertEquals(new Set(ids(0)).intersection(new Set(ids(1))).size, 0);
});

Deno.test("svaPairs() uses only what a small tokenizer can encode", () => {
  const small = wordTokenizer(
    "The, farmer, farmers, guard, guards, behind, the, is, are, was".split(","),
  );
  const prompts = svaPairs(small, 100);
  assert(prompts.length > 2 && prompts.length < 100);
  assert(prompts.every((p) => p.correct.length + p.wrong.length === 3));
  assert(prompts.every((p) => /^The farmers?( behind)?( the guards?)?$/.test(p.cleanText)));
  assertEquals(svaPairs(small, 100), prompts, "the same seed gives the same prompts");
  assertThrows(() => svaPairs(wordTokenizer(["The", " is"]), 2), Error, "1 singular and 0 plural");
  assertThrows(() => svaPairs(wordTokenizer([" is", " are"]), 2), Error, "no minimal pair");
});
