import { assertEquals, assertThrows } from "@std/assert";
import { GPT2_JSON } from "../../tests/support/tokenizers.ts";
import { randomModel, smallConfig } from "../../tests/support/random_model.ts";
import { promptIds, promptText, withBos } from "./bos.ts";
import { HookedModel } from "./hooked_model.ts";
import { tokenizerFromJson } from "./tokenizer.ts";

/** GPT-2's vocabulary with a token for the beginning of a text, and a post-processor as Llama 3 has it. */
const BOS = 50257;
const WITH_TEMPLATE = {
  ...GPT2_JSON,
  added_tokens: [
    ...GPT2_JSON.added_tokens,
    { ...GPT2_JSON.added_tokens[0], id: BOS, content: "<s>" },
  ],
  post_processor: {
    type: "Sequence",
    processors: [
      { type: "ByteLevel", add_prefix_space: true, trim_offsets: false, use_regex: true },
      {
        type: "TemplateProcessing",
        single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, {
          Sequence: { id: "A", type_id: 0 },
        }],
        pair: [],
        special_tokens: { "<s>": { id: "<s>", ids: [BOS], tokens: ["<s>"] } },
      },
    ],
  },
};
const LLAMA = { llama: {} as never }, NEOX = {};

Deno.test("a Llama-style model's prompts begin with the token of the tokenizer's template, other models' do not", () => {
  const tokenizer = tokenizerFromJson(WITH_TEMPLATE), words = tokenizer.encode("Hello world");
  assertEquals([tokenizer.bosId, tokenizer.eosId, words.length], [BOS, 50256, 2]);
  assertEquals(promptIds(tokenizer, "Hello world"), words);
  assertEquals(promptIds(withBos(tokenizer, NEOX), "Hello world"), words);
  assertEquals(promptIds(withBos(tokenizer, LLAMA, false), "Hello world"), words);
  for (const begun of [withBos(tokenizer, LLAMA), withBos(tokenizer, NEOX, true)]) {
    const ids = promptIds(begun, "Hello world");
    assertEquals(ids, [BOS, ...words]);
    assertEquals([promptText(begun, ids), begun.decode(ids)], ["Hello world", "<s>Hello world"]);
    assertEquals([begun.encode(" world"), promptIds(begun, "")], [words.slice(1), []]);
  }
});

Deno.test("add_bos_token and the tokenizer's class decide before the template", () => {
  const adds = (json: unknown, config: Record<string, unknown>) =>
    withBos(tokenizerFromJson(json, config), LLAMA).prependBos;
  assertEquals(adds(WITH_TEMPLATE, { add_bos_token: false }), false);
  assertEquals(adds(GPT2_JSON, {}), false);
  assertEquals(adds(GPT2_JSON, { tokenizer_class: "GPT2Tokenizer" }), false);
  assertEquals(adds(GPT2_JSON, { tokenizer_class: "GemmaTokenizerFast" }), true);
  assertEquals(adds(GPT2_JSON, { add_bos_token: true, bos_token: "<|endoftext|>" }), true);
});

Deno.test("BOS is the end-of-text token where the files name none, and an error where there is neither", () => {
  const tokenizer = tokenizerFromJson(GPT2_JSON, { bos_token: null });
  assertEquals(promptIds(tokenizer, " a", true)[0], 50256);
  const bare = tokenizerFromJson({ ...GPT2_JSON, added_tokens: [] }, { eos_token: "<none>" });
  assertThrows(() => withBos(bare, NEOX, true), Error, "prepend_bos: the tokenizer has no token");
});

Deno.test("HookedModel.toTokens() adds BOS by the option of the call, else of the model", () => {
  const tokenizer = tokenizerFromJson(WITH_TEMPLATE), words = tokenizer.encode("Hello world");
  const { source } = randomModel(smallConfig("gpt2"));
  const plain = HookedModel.fromSource(source, { tokenizer });
  assertEquals(plain.toTokens("Hello world"), words);
  assertEquals(plain.toTokens("Hello world", { prependBos: true }), [BOS, ...words]);
  const begun = HookedModel.fromSource(source, { tokenizer, prependBos: true });
  assertEquals(begun.toStringTokens("Hello world"), ["<s>", "Hello", " world"]);
  assertEquals(begun.toTokens("Hello world", { prependBos: false }), words);
});
