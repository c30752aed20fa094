/** Tokenizers for tests: that of GPT-2, and a small one of whole words like that of `pythia-nano`. */
import { gpt2Merges, gpt2Vocabulary } from "./gpt2_bpe.ts";
import { type Tokenizer, tokenizerFromJson } from "../../utils/model/tokenizer.ts";

const BYTE_LEVEL = {
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
  post_processor: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
  decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
};

const special = (id: number) => ({
  id,
  content: "<|endoftext|>",
  special: true,
  lstrip: false,
  rstrip: false,
  normalized: false,
  single_word: false,
});

/** The content of GPT-2's tokenizer.json, assembled from its vocabulary and merges. */
export const GPT2_JSON = {
  version: "1.0",
  added_tokens: [special(50256)],
  normalizer: null,
  ...BYTE_LEVEL,
  model: {
    type: "BPE",
    unk_token: null,
    vocab: gpt2Vocabulary(),
    merges: gpt2Merges(),
  },
};

/** Returns GPT-2's tokenizer. */
export const gpt2Tokenizer = (): Tokenizer => tokenizerFromJson(GPT2_JSON);

/**
 * Returns a tokenizer that knows whole words, each with its leading space, and pairs of digits; every
 * other word is the unknown token.
 */
export function wordTokenizer(words: readonly string[]): Tokenizer {
  const digits = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, "0"));
  const entries = ["<|endoftext|>", "<unk>", ...words, ...digits, ...digits.map((d) => " " + d)];
  const tokens = [...new Set(entries)].map((word) => word.replace(" ", "Ġ"));
  return tokenizerFromJson({
    version: "1.0",
    added_tokens: [special(0)],
    normalizer: null,
    ...BYTE_LEVEL,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: { Regex: " ?[0-9]{2}|'t|n(?='t)| ?[A-Za-z]+?(?=n't)| ?[A-Za-z]+|[.,]" },
          behavior: "Isolated",
          invert: false,
        },
        { type: "ByteLevel", add_prefix_space: false, use_regex: false },
      ],
    },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      fuse_unk: true,
      ignore_merges: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: [],
    },
  });
}
