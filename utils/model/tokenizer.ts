/**
 * Converts text to token ids and back, for any folder with a Hugging Face `tokenizer.json`.
 *
 * `@huggingface/tokenizers` does the byte-pair encoding. This file fixes the choices that interpretability needs:
 * encoding adds no special tokens, decoding never tidies up spaces, and `singleToken` looks a word up as one token,
 * because tasks read names, years and verbs as single logits.
 *
 * Tokenizers in the manner of SentencePiece (Llama 2, Mistral, Gemma) write spaces as `▁`, and some put one in front of every
 * text. `singleToken` and `decode` take a text as it continues a prompt, where no space is put in front: " Mary" is the
 * token `▁Mary`, and "Mary" is `Mary`.
 */
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { join } from "@std/path";
import { isObject, parseJson, shortJson } from "../base/mod.ts";
import { filesAddBos, templateBos } from "./bos_files.ts";

/** Encodes and decodes text, and describes the vocabulary. */
export interface Tokenizer {
  /** Returns the token ids of `text` without special tokens; none for empty text. */
  encode(text: string): number[];
  /** Returns the text of the ids, with spaces unchanged and special tokens included. */
  decode(ids: number[]): string;
  /** Returns the id of `text` if it is exactly one known token, else `undefined`. */
  singleToken(text: string): number | undefined;
  /** One more than the largest token id. A model's unembedding may have more rows than this. */
  vocabSize: number;
  /** Id of the end-of-text token; undefined if the tokenizer has none. */
  eosId: number | undefined;
  /** Id of the token for unknown text; byte-level tokenizers have none. */
  unkId?: number;
  /** Id of the token that begins a text (BOS); the end-of-text token where the files name none, as in TransformerLens. */
  bosId?: number;
  /** Whether `transformers` puts BOS in front of a text, as the tokenizer's files say. */
  addsBos?: boolean;
  /** Whether prompts begin with BOS (`promptIds`, `withBos`); `encode` adds it to no text. Default: false. */
  prependBos?: boolean;
}

/**
 * Makes a tokenizer from the parsed content of `tokenizer.json` and `tokenizer_config.json`.
 * @param file path that error messages name
 * @throws Error naming `file` if the content is not a tokenizer
 */
export function tokenizerFromJson(
  json: unknown,
  config: Record<string, unknown> = {},
  file = "tokenizer.json",
): Tokenizer {
  checkIds(json, file);
  let inner: HuggingFaceTokenizer;
  try {
    inner = new HuggingFaceTokenizer(json as object, config);
  } catch (cause) {
    throw unusable(file, cause);
  }
  const idOf = (token: string | undefined) =>
    token === undefined ? undefined : inner.token_to_id(token);
  const unkId = idOf(specialToken((json as { model?: Record<string, unknown> }).model?.unk_token));
  const guarded = <T>(action: () => T): T => {
    try {
      return action();
    } catch (cause) {
      throw unusable(file, cause);
    }
  };
  const encode = (text: string) =>
    text === "" ? [] : guarded(() => inner.encode(text, { add_special_tokens: false }).ids);
  const prefixed = addsPrefixSpace(json);
  // The decoder strips the space in front of a text; after another token it does not.
  const before = prefixed ? encode("a").slice(-1) : [];
  const plain = (ids: number[]) =>
    guarded(() => inner.decode(ids, { clean_up_tokenization_spaces: false }));
  const skipped = before.length === 0 ? 0 : plain(before).length;
  const decode = (ids: number[]) =>
    ids.length === 0 ? "" : plain([...before, ...ids]).slice(skipped);
  const eosId = idOf(specialToken(config.eos_token) ?? "<|endoftext|>");
  return {
    encode,
    decode,
    singleToken(text) {
      if (prefixed) {
        const id = text === "" ? undefined : inner.token_to_id(text.replaceAll(" ", "▁"));
        return id === unkId ? undefined : id;
      }
      const ids = encode(text);
      return ids.length === 1 && ids[0] !== unkId ? ids[0] : undefined;
    },
    vocabSize: [...inner.get_vocab().values()].reduce((a, b) => Math.max(a, b), -1) + 1,
    eosId,
    unkId,
    bosId: idOf(specialToken(config.bos_token) ?? templateBos(json)) ?? eosId,
    addsBos: filesAddBos(json, config),
  };
}

/** Returns whether a tokenizer puts a space, written `▁`, in front of every text. */
function addsPrefixSpace(json: unknown): boolean {
  const { normalizer, pre_tokenizer } = json as Record<string, unknown>;
  return partsOf(normalizer, "normalizers").some(({ type, prepend }) =>
    type === "Prepend" && prepend === "▁"
  ) ||
    partsOf(pre_tokenizer, "pretokenizers").some(({ type, prepend_scheme, add_prefix_space }) =>
      type === "Metaspace" &&
      (prepend_scheme ?? (add_prefix_space === false ? "never" : "always")) !==
        "never"
    );
}

/** Returns a step of a tokenizer, or the steps of a sequence. */
function partsOf(step: unknown, list: string): Record<string, unknown>[] {
  if (!isObject(step)) return [];
  const steps = step[list];
  if (step.type !== "Sequence" || !Array.isArray(steps)) return [step];
  return steps.flatMap((part) => partsOf(part, list));
}

/**
 * Reads the tokenizer of a model folder: `tokenizer.json`, and `tokenizer_config.json` if present.
 * @throws Error naming the file and what to do if it is missing, is not JSON or is not a tokenizer
 */
export function loadTokenizer(dir: string): Promise<Tokenizer> {
  return Promise.resolve().then(() => readTokenizer(dir));
}

/** Reads the tokenizer of a model folder at once. @throws Error as {@link loadTokenizer} does. */
export function readTokenizer(dir: string): Tokenizer {
  const file = join(dir, "tokenizer.json");
  const json = readJsonFile(file);
  if (json === undefined) {
    throw new Error(
      `${file}: not found; copy the model's tokenizer into the folder of its config.json ` +
        `(every Hugging Face repository of a supported model has one)`,
    );
  }
  const configFile = join(dir, "tokenizer_config.json");
  const config = readJsonFile(configFile) ?? {};
  if (!isObject(config)) {
    throw new Error(`${configFile}: expected an object, found ${shortJson(config)}`);
  }
  return tokenizerFromJson(json, config, file);
}

function unusable(file: string, cause: unknown): Error {
  // the library's messages may hold a whole value of the file
  const reason = (cause instanceof Error ? cause.message : shortJson(cause)).slice(0, 300);
  return new Error(
    `${file}: expected a Hugging Face tokenizer.json, but it cannot be used: ${reason}`,
    { cause },
  );
}

/** Largest token id accepted. The library makes a list as long as the largest id; real ids are below 300,000. */
const MAX_ID = 2 ** 24;

/** Checks the token ids. @throws Error naming the file, the token and its id */
function checkIds(json: unknown, file: string): void {
  if (!isObject(json) || !isObject(json.model)) {
    throw new Error(`${file}: expected a Hugging Face tokenizer.json with a model, found none`);
  }
  const check = (token: string, id: unknown) => {
    if (Number.isInteger(id) && id as number >= 0 && id as number <= MAX_ID) return;
    throw new Error(
      `${file}: expected the id of token ${
        shortJson(token)
      } to be an integer from 0 to ${MAX_ID}, ` +
        `found ${id === undefined ? "nothing" : shortJson(id)}`,
    );
  };
  const { vocab } = json.model;
  if (isObject(vocab)) { for (const token in vocab) check(token, vocab[token]); }
  const added = json.added_tokens ?? [];
  if (!Array.isArray(added)) {
    throw new Error(`${file}: expected added_tokens to be a list, found ${shortJson(added)}`);
  }
  for (const token of added) {
    if (!isObject(token) || typeof token.content !== "string") {
      throw new Error(
        `${file}: expected each of added_tokens to have a content, found ${shortJson(token)}`,
      );
    }
    check(token.content, token.id);
  }
}

/** Returns the text of each token, e.g. `["Then", ",", " Alex"]`. */
export function tokenTexts(tokenizer: Tokenizer, ids: readonly number[]): string[] {
  return ids.map((id) => tokenizer.decode([id]));
}

/** Formats tokens as quoted strings, e.g. `["Then" "," " Alex"]`. */
export function showTokens(tokenizer: Tokenizer, ids: readonly number[]): string {
  return `[${tokenTexts(tokenizer, ids).map((text) => JSON.stringify(text)).join(" ")}]`;
}

/**
 * Returns the id of a text that must be a single token.
 * @param where what the message begins with, e.g. a file and its row
 * @throws Error showing the tokens of a text that is not one, and the nearest spelling that is: with a leading space,
 * without one, or with a capital.
 */
export function requireSingleToken(tokenizer: Tokenizer, text: string, where?: string): number {
  const id = tokenizer.singleToken(text);
  if (id !== undefined) return id;
  const word = text.trim();
  const capital = word.slice(0, 1).toUpperCase() + word.slice(1);
  const near = [` ${word}`, ` ${capital}`, word, capital]
    .find((s) => s.trim() !== "" && s !== text && tokenizer.singleToken(s) !== undefined);
  throw new Error(
    `${where === undefined ? "" : `${where}: `}${JSON.stringify(text)} must be a single token, ` +
      `found ${showTokens(tokenizer, tokenizer.encode(text))}` +
      (near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`),
  );
}

/** Returns the text of a special token, which is stored as a string or as `{ content }`. */
function specialToken(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  const content = (value as { content?: unknown } | null | undefined)?.content;
  return typeof content === "string" ? content : undefined;
}

function readJsonFile(file: string): unknown {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return parseJson(text, file);
}
