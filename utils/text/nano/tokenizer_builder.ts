/**
 * Builds the tokenizer of `pythia-nano`: a byte-level BPE in Hugging Face's `tokenizer.json` format that splits the
 * corpus as Pythia's tokenizer does, with a vocabulary of about 1,200 instead of 50,277.
 *
 * 1. Ids: 0 is `<|endoftext|>`, then the 256 bytes, "00" … "99", " 1" … " 20", then the words of the corpus by falling
 *    frequency. With all bytes present every text can be encoded, and decoding gives it back.
 * 2. A piece that is in the vocabulary is one token (`ignore_merges`, as in Llama 3), so words need no chain of
 *    intermediate tokens.
 * 3. The only merges are those of digits: first a space with one digit, then that with a second digit, then two digits.
 *    So " 1732" becomes " 17" "32".
 */
import { join } from "@std/path";
import { writeFileAtomic, writeJsonAtomic } from "../../base/mod.ts";
import { type Tokenizer, tokenizerFromJson } from "../../model/mod.ts";
import {
  ANSWER_VERBS,
  GREATER_THAN_NOUNS,
  IOI_NAMES,
  IOI_OBJECTS,
  IOI_PLACES,
} from "../../tasks/mod.ts";
import { BYTE_CHARACTERS, byteLevel, splitPieces } from "./byte_level.ts";
import { documents } from "./corpus.ts";
import { ALL_NAMES } from "./words/mod.ts";

/** Separates documents; id 0. */
export const END_OF_TEXT = "<|endoftext|>";

const SURVEYED_DOCUMENTS = 50_000;
const SURVEY_SEED = 0;
const LARGEST_SPACED_NUMBER = 20;

/** What `tokenizer.json` and `tokenizer_config.json` hold. */
export interface TokenizerFiles {
  /** content of `tokenizer.json` */
  tokenizer: { model: { vocab: Record<string, number>; merges: [string, string][] } };
  /** content of `tokenizer_config.json` */
  config: Record<string, unknown>;
}

/** Words that must be tokens however rare the corpus makes them, each with its leading space. */
const REQUIRED = [
  ...ALL_NAMES,
  ...IOI_NAMES,
  ...IOI_PLACES,
  ...IOI_OBJECTS,
  ...GREATER_THAN_NOUNS,
  ...ANSWER_VERBS.flat(),
  "she",
  "he",
].map((word) => " " + word);

/** The pieces of the first documents without digits, longer than one byte, by falling frequency. */
function corpusWords(): string[] {
  const counts = new Map<string, number>(REQUIRED.map((word) => [word, 0]));
  let left = SURVEYED_DOCUMENTS;
  for (const { text } of documents(SURVEY_SEED)) {
    for (const piece of splitPieces(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
    if (--left === 0) break;
  }
  return [...counts.keys()].filter((piece) => piece.length > 1 && !/\p{N}/u.test(piece))
    .sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1));
}

/** The contents of both files; the same at every call. Takes about a second. */
export function buildTokenizer(): TokenizerFiles {
  const digits = [..."0123456789"];
  const tails = digits.flatMap((tens) => digits.map((ones) => tens + ones));
  const numbers = Array.from({ length: LARGEST_SPACED_NUMBER }, (_, i) => ` ${i + 1}`);
  const tokens = [
    END_OF_TEXT,
    ...BYTE_CHARACTERS,
    ...[...tails, ...numbers, ...corpusWords()].map(byteLevel),
  ];
  const pair = (text: string): [string, string] => [byteLevel(text.slice(0, -1)), text.slice(-1)];
  const byteLevelStep = {
    type: "ByteLevel",
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: true,
  };
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [{
      id: 0,
      content: END_OF_TEXT,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    }],
    normalizer: null,
    pre_tokenizer: byteLevelStep,
    post_processor: byteLevelStep,
    decoder: byteLevelStep,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: [...numbers, ...tails].map(pair),
    },
  };
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    add_prefix_space: false,
    clean_up_tokenization_spaces: false,
    bos_token: END_OF_TEXT,
    eos_token: END_OF_TEXT,
    unk_token: END_OF_TEXT,
  };
  return { tokenizer, config };
}

/** The tokenizer itself, without a detour over files. */
export function corpusTokenizer(): Tokenizer {
  const { tokenizer, config } = buildTokenizer();
  return tokenizerFromJson(tokenizer, config);
}

/** Writes `tokenizer.json` and `tokenizer_config.json` into `dir`. */
export async function writeTokenizer(dir: string): Promise<void> {
  const { tokenizer, config } = buildTokenizer();
  await writeFileAtomic(join(dir, "tokenizer.json"), JSON.stringify(tokenizer) + "\n");
  await writeJsonAtomic(join(dir, "tokenizer_config.json"), config);
}
