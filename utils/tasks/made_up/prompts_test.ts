import { assert, assertEquals, assertThrows } from "@std/assert";
import { gpt2Tokenizer } from "../../../tests/support/tokenizers.ts";
import { loadTokenizer } from "../../model/mod.ts";
import { isCapitalPrompt, isTwoHopPrompt, madeUpFactPairs } from "./prompts.ts";
import { COUNTRIES, SHARED_FACTS } from "./countries.ts";

const tokenizer = await loadTokenizer("models/pythia-nano/step0");
const word = (id: number) => tokenizer.decode([id]).trim();

Deno.test("the made-up world has distinct names, and every value about equally often", () => {
  const names = COUNTRIES.flatMap(({ name, capital }) => [name, capital]);
  assertEquals(new Set(names).size, 2 * COUNTRIES.length);
  for (const { fact, values } of SHARED_FACTS) {
    for (const value of values) {
      const share = COUNTRIES.filter((country) => country[fact] === value).length;
      assert(Math.abs(share - COUNTRIES.length / values.length) < 1, `${value}: ${share}`);
    }
  }
});

Deno.test("no shared fact follows from another or from the capital's place in the list", () => {
  // Chance agreement of two independent draws of r and s values: about 1/max(r, s).
  for (const a of SHARED_FACTS) {
    for (const b of SHARED_FACTS) {
      if (a === b) continue;
      const pairs = new Map<string, number>();
      for (const country of COUNTRIES) {
        const key = `${country[a.fact]} ${country[b.fact]}`;
        pairs.set(key, (pairs.get(key) ?? 0) + 1);
      }
      const largest = Math.max(...pairs.values());
      assert(largest <= 6, `${a.fact} and ${b.fact} go together ${largest} times`);
    }
  }
});

Deno.test("madeUpFactPairs() asks for the capital of every second country", () => {
  const pairs = madeUpFactPairs("capitals", tokenizer, 100);
  assertEquals(pairs.length, COUNTRIES.filter((_, i) => isCapitalPrompt(i)).length);
  for (const { cleanText, corruptedText, clean, correct, wrong, marks } of pairs) {
    const asked = (text: string) => {
      const [, name] = text.match(/^The capital of (\w+) is$/)!;
      return COUNTRIES.find((country) => country.name === name)!;
    };
    assertEquals(word(correct[0]), asked(cleanText).capital);
    assertEquals(word(wrong[0]), asked(corruptedText).capital);
    assertEquals(word(clean[marks!.SUBJECT]), asked(cleanText).name);
  }
});

Deno.test("madeUpFactPairs() asks each shared fact in two hops, by a capital and with two answers", () => {
  const pairs = madeUpFactPairs("two_hop", tokenizer, 100);
  const expected =
    COUNTRIES.flatMap((_, i) => SHARED_FACTS.filter((_, fact) => isTwoHopPrompt(i, fact))).length;
  assertEquals(pairs.length, expected);
  const asked = (text: string) => {
    const [, capital, phrase] = text.match(/^The country whose capital is (\w+) (.+)$/)!;
    const country = COUNTRIES.findIndex((country) => country.capital === capital);
    const fact = SHARED_FACTS.findIndex((shared) => shared.phrase === phrase);
    assert(isTwoHopPrompt(country, fact), text);
    return { answer: COUNTRIES[country][SHARED_FACTS[fact].fact], phrase };
  };
  for (const { cleanText, corruptedText, correct, wrong } of pairs) {
    const clean = asked(cleanText), corrupted = asked(corruptedText);
    assertEquals([word(correct[0]), word(wrong[0])], [clean.answer, corrupted.answer]);
    assertEquals(clean.phrase, corrupted.phrase);
    assert(clean.answer !== corrupted.answer);
  }
});

Deno.test("madeUpFactPairs() names a word that another model's tokenizer splits", () => {
  assertThrows(
    () => madeUpFactPairs("capitals", gpt2Tokenizer(), 1),
    Error,
    "capitals words: ",
  );
});
