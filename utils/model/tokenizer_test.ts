import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { encode as gpt2Encode } from "gpt-3-encoder/index.js";
import { GPT2_JSON, gpt2Tokenizer, wordTokenizer } from "../../tests/support/tokenizers.ts";
import { loadTokenizer, tokenizerFromJson } from "./tokenizer.ts";

const TEXTS = [
  "Then, Alex and Anthony had a lot of fun at the school. Anthony gave a ring to Alex",
  "The war lasted from the year 1732 to the year 17",
  "So Mary is such a good cook, isn't",
  "  two spaces ,and odd  punctuation?! naïve café 東京\n\ttabs",
];

Deno.test("encode() gives the ids of an independent GPT-2 encoder, and decode() gives the text back", () => {
  const tokenizer = gpt2Tokenizer();
  for (const text of TEXTS) {
    const ids = tokenizer.encode(text);
    assertEquals(ids, gpt2Encode(text), text);
    assertEquals(tokenizer.decode(ids), text);
  }
  assertEquals(tokenizer.encode(""), []);
  assertEquals(tokenizer.decode([]), "");
});

Deno.test("the tokenizer knows its size, its end-of-text token and which words are one token", () => {
  const tokenizer = gpt2Tokenizer();
  assertEquals([tokenizer.vocabSize, tokenizer.eosId, tokenizer.unkId], [50257, 50256, undefined]);
  assertEquals(tokenizer.singleToken(" Anthony"), gpt2Encode(" Anthony")[0]);
  assertEquals(tokenizer.singleToken(" abduction of names"), undefined);
  assertEquals(tokenizer.singleToken(""), undefined);
});

Deno.test("singleToken() does not accept the unknown token", () => {
  const tokenizer = wordTokenizer([" dog"]);
  assertEquals(tokenizer.encode(" cat"), [tokenizer.unkId!]);
  assertEquals(tokenizer.singleToken(" cat"), undefined);
  assertEquals(tokenizer.decode([tokenizer.singleToken(" dog")!]), " dog");
});

Deno.test("loadTokenizer() reads a model folder, with the end-of-text token from tokenizer_config.json", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(dir, "tokenizer.json"), JSON.stringify(GPT2_JSON));
    await Deno.writeTextFile(
      join(dir, "tokenizer_config.json"),
      JSON.stringify({ eos_token: { content: "<|endoftext|>" } }),
    );
    const tokenizer = await loadTokenizer(dir);
    assertEquals(tokenizer.eosId, 50256);
    assertEquals(tokenizer.encode(TEXTS[0]), gpt2Encode(TEXTS[0]));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("loadTokenizer() names a file that is missing, not JSON or not a tokenizer", async () => {
  const dir = await Deno.makeTempDir();
  const file = join(dir, "tokenizer.json");
  try {
    await assertRejects(() => loadTokenizer(dir), Error, `${file}: not found`);
    await Deno.writeTextFile(file, "{ not json");
    await assertRejects(() => loadTokenizer(dir), Error, `${file} is not valid JSON`);
    await Deno.writeTextFile(file, `{"model": {}}`);
    await assertRejects(() => loadTokenizer(dir), Error, `${file}: expected a Hugging Face`);
    // The library makes a list as long as the largest id: 2^31 would take seconds and gigabytes.
    for (const id of [2 ** 31, 1.5, -1, "x", null]) {
      await Deno.writeTextFile(file, JSON.stringify({ model: { type: "BPE", vocab: { ab: id } } }));
      const error = await assertRejects(
        () => loadTokenizer(dir),
        Error,
        `${file}: expected the id`,
      );
      assert(
        error.message.includes(`"ab"`) && error.message.endsWith(`found ${JSON.stringify(id)}`),
      );
      const added = { added_tokens: [{ content: "<s>", id }], model: { type: "BPE", vocab: {} } };
      assertThrows(() => tokenizerFromJson(added), Error, `id of token "<s>"`);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  assertThrows(() => tokenizerFromJson(null), Error, "tokenizer.json");
});
