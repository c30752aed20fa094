/**
 * Turns a text file into a file of ids, once: training then reads ids by position, and no text is tokenised twice.
 *
 *  1. Name the result after the text (name, size, time of change), the tokenizer and the options. If it exists, use it.
 *  2. Stream the documents, unpacking .gz on the way; write each that is not empty as end-of-text and its ids. Stop after
 *     `limit` ids, so that a run tokenises no more of a large file than it needs.
 *  3. Write the header last: a file without it is not used.
 *
 * The folder is a cache: `name-digest.bin` with a header `name-digest.json`. It may be removed at any time.
 */
import { basename, join } from "@std/path";
import {
  contentDigest,
  isFile,
  openTemporary,
  readJson,
  sweepAbandoned,
  writeJsonAtomic,
} from "../base/mod.ts";
import type { Tokenizer } from "../model/mod.ts";
import { type DocumentOptions, readDocuments } from "./documents.ts";
import { TOKENS_FORMAT } from "./token_file.ts";
import { ID_BYTES } from "./token_layout.ts";

/** How a text is tokenised. */
export interface TokeniseOptions extends DocumentOptions {
  /** what turns text into ids; it needs an end-of-text token */
  tokenizer: Tokenizer;
  /** folder of the results */
  cacheDir: string;
  /** stops after the document that reaches so many ids; default: the whole text */
  limit?: number;
  /** called now and then with the number of ids so far */
  onProgress?(ids: number): void;
}

/** Ids that are written at once. */
const PART = 1 << 20;

/**
 * Returns the path of a text's file of ids, made if it does not exist.
 * @throws Error naming the text and the line that cannot be read, or the tokenizer's missing end-of-text token.
 */
export async function tokenise(path: string, options: TokeniseOptions): Promise<string> {
  const { tokenizer, cacheDir, limit = Infinity, field, onProgress } = options;
  const { eosId } = tokenizer;
  if (eosId === undefined) {
    throw new Error(`${path}: the tokenizer needs an end-of-text token to separate documents`);
  }
  const { size, mtime } = await Deno.stat(path).catch((cause) => {
    throw new Error(`cannot read text ${path}: ${cause.message}`, { cause });
  });
  const source = {
    file: basename(path),
    bytes: size,
    changed: mtime?.toISOString() ?? null,
    tokenizer: await tokenizerDigest(tokenizer),
    limit: Number.isFinite(limit) ? limit : null,
    field: field ?? null,
  };
  const stem = join(cacheDir, `${basename(path)}-${await contentDigest(source)}`);
  const [result, header] = [`${stem}.bin`, `${stem}.json`];
  if (isFile(result) && await readJson(header) !== undefined) return result;

  const dtype = tokenizer.vocabSize <= 2 ** 16 ? "U16" : "I32";
  const part = dtype === "U16" ? new Uint16Array(PART) : new Int32Array(PART);
  let tokens = 0, filled = 0;
  await Deno.mkdir(cacheDir, { recursive: true });
  sweepAbandoned(cacheDir);
  const { file, temporary } = openTemporary(result);
  try {
    const flush = () => {
      const bytes = new Uint8Array(part.buffer, 0, filled * ID_BYTES[dtype]);
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
      filled = 0;
      onProgress?.(tokens);
    };
    for await (const { text } of readDocuments(path, { field })) {
      const ids = tokenizer.encode(text);
      if (ids.length === 0) continue;
      for (const id of [eosId, ...ids]) {
        if (filled === PART) flush();
        part[filled++] = id;
        tokens++;
      }
      if (tokens >= limit) break;
    }
    flush();
    file.syncSync();
    await Deno.rename(temporary, result);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  } finally {
    file.close();
  }
  await writeJsonAtomic(header, {
    format: TOKENS_FORMAT,
    dtype,
    tokens,
    end_of_text: eosId,
    source,
  });
  return result;
}

/** Returns a digest of all tokens of a tokenizer and of how it splits a text. */
async function tokenizerDigest(tokenizer: Tokenizer): Promise<string> {
  const tokens = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.decode([id]));
  return await contentDigest([tokenizer.eosId, tokens, tokenizer.encode(PROBE)]);
}

/** Words, numbers, spaces, punctuation and letters outside ASCII. */
const PROBE =
  "The years 1984 and 2,048:  isn't it \"so\"?\n\n\tnaïve café, Ünïcode ﬁ 日本語 🎉 e\u0301 don't";
