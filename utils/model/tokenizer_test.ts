import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { encode as gpt2Encode } from "gpt-tokenizer/encoding/r50k_base";
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

/** Byte tokens `<0x00>` … `<0xFF>`, then pieces, as SentencePiece models are converted. */
function sentencePieces(pieces: string[]): Record<string, number> {
  const bytes = Array.from(
    { length: 256 },
    (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`,
  );
  return Object.fromEntries(["<unk>", "<s>", "</s>", ...bytes, ...pieces].map((t, id) => [t, id]));
}

const PIECES = ["▁", "M", "a", "r", "y", "Ma", "ry", "Mary", "▁Mary"];
const MERGES = ["M a", "r y", "Ma ry", "▁ Mary"];

/** The parts of Llama 2's tokenizer.json (and Mistral's) with a small vocabulary. */
const LLAMA2_JSON = {
  added_tokens: [],
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "Prepend", prepend: "▁" },
      { type: "Replace", pattern: { String: " " }, content: "▁" },
    ],
  },
  pre_tokenizer: null,
  post_processor: null,
  decoder: {
    type: "Sequence",
    decoders: [
      { type: "Replace", pattern: { String: "▁" }, content: " " },
      { type: "ByteFallback" },
      { type: "Fuse" },
      { type: "Strip", content: " ", start: 1, stop: 0 },
    ],
  },
  model: {
    type: "BPE",
    unk_token: "<unk>",
    fuse_unk: true,
    byte_fallback: true,
    vocab: sentencePieces(PIECES),
    merges: MERGES,
  },
};

Deno.test("a tokenizer like Llama 2's puts a space in front of texts, and falls back to bytes", () => {
  const tokenizer = tokenizerFromJson(LLAMA2_JSON);
  const id = (token: string) => sentencePieces(PIECES)[token];
  assertEquals(tokenizer.encode("Mary Mary"), [id("▁Mary"), id("▁Mary")]);
  assertEquals(tokenizer.encode("é"), [id("▁"), id("<0xC3>"), id("<0xA9>")]);
  assertEquals(tokenizer.singleToken(" Mary"), id("▁Mary"));
  assertEquals(tokenizer.singleToken("Mary"), id("Mary"));
  assertEquals(tokenizer.singleToken(" yram"), undefined);
  assertEquals(tokenizer.decode([id("▁Mary")]), " Mary");
  assertEquals(tokenizer.decode([id("Mary"), id("<0xC3>"), id("<0xA9>")]), "Maryé");
});

Deno.test("a tokenizer like Gemma's writes spaces as ▁ and puts none in front", () => {
  const tokenizer = tokenizerFromJson({
    ...LLAMA2_JSON,
    normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
    pre_tokenizer: {
      type: "Split",
      pattern: { String: " " },
      behavior: "MergedWithPrevious",
      invert: false,
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
      ],
    },
  });
  const id = (token: string) => sentencePieces(PIECES)[token];
  assertEquals(tokenizer.encode("Mary Mary"), [id("Mary"), id("▁Mary")]);
  assertEquals(tokenizer.singleToken(" Mary"), id("▁Mary"));
  assertEquals(tokenizer.decode([id("▁Mary"), id("Mary")]), " MaryMary");
});

Deno.test("tokenizers like Llama 3's and Qwen's split by their pattern before byte-level pairs", () => {
  const letters = Array.from("ĠMary'sS123", (c) => c);
  const merges = ["M a", "r y", "Ma ry", "Ġ Mary", "' s", "' S", "1 2", "12 3"];
  const tokens = [...new Set([...letters, ...merges.map((pair) => pair.replace(" ", ""))])];
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const of = (digits: string, normalizer: unknown) =>
    tokenizerFromJson({
      added_tokens: [],
      normalizer,
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          {
            type: "Split",
            pattern: {
              Regex:
                `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
            },
            behavior: "Isolated",
            invert: false,
          },
          { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
        ],
      },
      post_processor: null,
      decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: { type: "BPE", ignore_merges: true, vocab, merges },
    });
  const llama3 = of("\\p{N}{1,3}", null), qwen = of("\\p{N}", { type: "NFC" });
  const ids = (...list: string[]) => list.map((token) => vocab[token]);
  assertEquals(llama3.encode(" Mary's123"), ids("ĠMary", "'s", "123"));
  assertEquals(llama3.encode("Mary'S"), ids("Mary", "'S"));
  assertEquals(qwen.encode(" Mary123"), ids("ĠMary", "1", "2", "3"));
  assertEquals(llama3.singleToken(" Mary"), vocab["ĠMary"]);
  assertEquals(llama3.decode(ids("ĠMary", "'s")), " Mary's");
});
