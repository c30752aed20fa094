import { assert, assertEquals, assertThrows } from "@std/assert";
import { decode, encode } from "gpt-tokenizer/encoding/r50k_base";
import { greaterThanPairs, validYears } from "./greater_than.ts";
import { gpt2Tokenizer, wordTokenizer } from "../../tests/support/tokenizers.ts";

const tokenizer = gpt2Tokenizer();

/** The published rule: walks up over the years of GPT-2. */
function publishedValidYears(): number[] {
  const valid: number[] = [];
  let century = -1;
  let last: number | undefined;
  for (let year = 1100; year < 1800; year++) {
    const tokens = encode(` ${year}`).map((id: number) => decode([id]));
    if (tokens.length !== 2 || tokens[1].length !== 2) continue;
    const isFirst = Math.floor(year / 100) !== century;
    if (isFirst && last !== undefined && valid.at(-1) === last) valid.pop();
    if (!isFirst) valid.push(year);
    century = Math.floor(year / 100);
    last = year;
  }
  valid.pop();
  return valid;
}

Deno.test("validYears() follows the published rule on GPT-2's tokens", () => {
  const years = validYears(tokenizer);
  assertEquals(years, publishedValidYears());
  assertEquals(new Set(years.map((year) => Math.floor(year / 100))).size, 7);
});

Deno.test("validYears() drops the first and the last year of each century", () => {
  const years = validYears(wordTokenizer([]), 1500, 1700);
  assertEquals(years.length, 2 * 98);
  assertEquals([years[0], years[97], years[98], years.at(-1)], [1501, 1598, 1601, 1698]);
});

Deno.test("greaterThanPairs() runs YY through 2 … 98 and marks it four before END", () => {
  greaterThanPairs(tokenizer, 200).forEach((pair, i) => {
    const yy = 2 + i % 97;
    const text = pair.cleanText.match(
      /^The \w+ lasted from the year (\d\d)(\d\d) to the year \1$/,
    )!;
    assert(text, pair.cleanText);
    assertEquals(Number(text[2]), yy);
    assertEquals(pair.corruptedText, pair.cleanText.replace(text[1] + text[2], text[1] + "01"));
    const { YY, END } = pair.marks!;
    assertEquals([END, pair.position], [pair.clean.length - 1, END]);
    assertEquals(decode([pair.clean[YY]]), text[2]);
    assertEquals(decode([pair.clean[END]]), " " + text[1]);
    const changed = pair.clean.flatMap((id, at) => id === pair.corrupted[at] ? [] : [at]);
    assertEquals(changed, [YY]);
    assertEquals(pair.wrong.map((id) => Number(decode([id]))), range(0, yy));
    assertEquals(pair.correct.map((id) => Number(decode([id]))), range(yy + 1, 99));
  });
});

Deno.test("greaterThanPairs() is the same for the same seed and differs for another", () => {
  const texts = (seed: number) => greaterThanPairs(tokenizer, 50, seed).map((p) => p.cleanText);
  assertEquals(texts(7), texts(7));
  assert(texts(7).join() !== texts(8).join());
});

Deno.test("greaterThanPairs() uses only the nouns that a small tokenizer can encode", () => {
  const small = wordTokenizer("The, war, siege, trial, lasted, from, the, year, to".split(","));
  const nouns = new Set(greaterThanPairs(small, 60).map((pair) => pair.cleanText.split(" ")[1]));
  assertEquals(nouns, new Set(["siege", "trial"]));
  assertThrows(
    () => greaterThanPairs(wordTokenizer([" siege"]), 1),
    Error,
    'greater_than prompt 0: the tokenizer does not know all of "The siege',
  );
});

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
