import { assert, assertEquals, assertThrows } from "@std/assert";
import { genderPronounPairs } from "./gender_pronoun.ts";
import { gpt2Tokenizer, wordTokenizer } from "../../tests/support/tokenizers.ts";

const tokenizer = gpt2Tokenizer();
const FEMALE = "Judy Julie Amy Lisa Sarah Anna Mary Karen Susan Carol".split(" ");

Deno.test("genderPronounPairs() has each of 20 names in each of 5 frames, against the other gender", () => {
  const pairs = genderPronounPairs(tokenizer, 1000);
  assertEquals(pairs.length, 100);
  assertEquals(new Set(pairs.map((pair) => pair.cleanText)).size, 100);
  for (const pair of pairs) {
    const [name, other] = [pair.cleanText, pair.corruptedText].map((text) => text.split(" ")[1]);
    assertEquals(pair.cleanText.replace(name, other), pair.corruptedText);
    assert(FEMALE.includes(name) !== FEMALE.includes(other));
    const answers = [...pair.correct, ...pair.wrong].map((id) => tokenizer.decode([id]));
    assertEquals(answers, FEMALE.includes(name) ? [" she", " he"] : [" he", " she"]);
    assertEquals(pair.marks, { NAME: 1, END: pair.clean.length - 1 });
  }
});

Deno.test("genderPronounPairs() is seeded and shuffled", () => {
  const texts = (seed: number) => genderPronounPairs(tokenizer, 30, seed).map((p) => p.cleanText);
  assertEquals(texts(3), texts(3));
  assert(texts(3).join() !== texts(4).join());
});

Deno.test("genderPronounPairs() reports what a small tokenizer lacks", () => {
  assertThrows(
    () => genderPronounPairs(wordTokenizer([" she"]), 1),
    Error,
    'gender_pronoun answers: " he" must be a single token, found ["<unk>"]',
  );
  assertThrows(
    () => genderPronounPairs(wordTokenizer([" she", " he", " Mary"]), 1),
    Error,
    "found 1 female and 0 male",
  );
});
