import { assert, assertEquals } from "@std/assert";
import { loadTokenizer } from "../../model/tokenizer.ts";
import { GREATER_THAN_NOUNS } from "../../tasks/words/greater_than_nouns.ts";
import {
  FEMALE_NAMES,
  IOI_NAMES,
  IOI_OBJECTS,
  IOI_PLACES,
  MALE_NAMES,
} from "../../tasks/words/names.ts";
import { ANSWER_VERBS } from "../../tasks/words/sva_words.ts";
import { documents } from "./corpus.ts";
import { buildTokenizer, corpusTokenizer, writeTokenizer } from "./tokenizer_builder.ts";
import { ORDERED_LISTS } from "./words/sequences.ts";

const tokenizer = corpusTokenizer();
const pieces = (text: string) => tokenizer.encode(text).map((id) => tokenizer.decode([id]));

Deno.test("buildTokenizer() numbers at most 1,500 tokens without gaps, end of text first", () => {
  const { model } = buildTokenizer().tokenizer;
  const ids = Object.values(model.vocab).sort((a, b) => a - b);
  assertEquals(ids, ids.map((_, i) => i));
  assert(ids.length <= 1500, `${ids.length} tokens`);
  assertEquals(model.vocab["<|endoftext|>"], 0);
  assertEquals(tokenizer.eosId, 0);
  assertEquals(tokenizer.vocabSize, ids.length);
  for (const [left, right] of model.merges) {
    for (const token of [left, right, left + right]) {
      assert(Object.hasOwn(model.vocab, token), token);
    }
  }
});

Deno.test("buildTokenizer() gives the same files at every call", () => {
  assertEquals(JSON.stringify(buildTokenizer()), JSON.stringify(buildTokenizer()));
});

Deno.test("every word of the tasks is one token with a leading space", () => {
  const words = [
    ...IOI_NAMES,
    ...FEMALE_NAMES,
    ...MALE_NAMES,
    ...IOI_PLACES,
    ...IOI_OBJECTS,
    ...GREATER_THAN_NOUNS,
    ...ANSWER_VERBS.flat(),
    ...ORDERED_LISTS.flatMap((list) => list.words),
    ..."she he gave decided wanted argument said isn such year lasted".split(" "),
  ];
  assertEquals(words.filter((word) => tokenizer.singleToken(" " + word) === undefined), []);
});

Deno.test("years are a century and two digits, two-digit numbers one token without a space", () => {
  for (let year = 1100; year < 2000; year++) {
    assertEquals(pieces(` ${year}`), [` ${Math.floor(year / 100)}`, String(year).slice(2)]);
  }
  for (let i = 0; i < 100; i++) {
    assert(tokenizer.singleToken(String(i).padStart(2, "0")) !== undefined, `${i}`);
  }
});

Deno.test("prompts split as Pythia's tokenizer splits them", () => {
  const ioi = pieces(
    "Then, Alex and Anthony had a lot of fun at the school. Anthony gave a ring to Alex",
  );
  // 20 tokens with the names at 2, 4, 14 and 19: Pythia's own split of this prompt.
  assertEquals(ioi.length, 20);
  assertEquals([2, 4, 14, 19].map((i) => ioi[i]), [" Alex", " Anthony", " Anthony", " Alex"]);
  assertEquals(pieces("The war lasted from the year 1732 to the year 17"), [
    "The",
    " war",
    " lasted",
    " from",
    " the",
    " year",
    " 17",
    "32",
    " to",
    " the",
    " year",
    " 17",
  ]);
  assertEquals(pieces("So Amy is such a good cook, isn't").slice(-3), [",", " isn", "'t"]);
});

Deno.test("decoding gives back any text, known words or not", () => {
  for (
    const text of [
      "a  b\n\n c\t",
      "été 🎉 naïve 日本語",
      "\u0000\u007f\u00ad",
      "12345 9512 5195 20 2023",
      "don't WE'LL they've",
      "Zebra-striped Wolfgang",
      "x<|endoftext|>The end",
    ]
  ) assertEquals(tokenizer.decode(tokenizer.encode(text)), text);
});

Deno.test("the corpus is made of whole words: no word falls apart into bytes", () => {
  let left = 5_000;
  for (const { text } of documents(99)) {
    const words = text.match(/ ?\p{L}{2,}/gu) ?? [];
    for (const word of words) {
      if (word === "t" || /^[A-Z]+$/.test(word)) continue;
      assert(tokenizer.singleToken(word) !== undefined, `${JSON.stringify(word)} in ${text}`);
    }
    if (--left === 0) break;
  }
});

Deno.test("writeTokenizer() writes files that load as the same tokenizer", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await writeTokenizer(dir);
    const loaded = await loadTokenizer(dir);
    const text = "After Ruby and River went to the station, 1732 isn't 17";
    assertEquals(loaded.encode(text), tokenizer.encode(text));
    assertEquals(loaded.vocabSize, tokenizer.vocabSize);
    assertEquals(loaded.eosId, 0);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
