/** Opens a file of any kind as rows of ids. Tokenises text into a cache first; reads files of ids as they are. */
import type { Tokenizer } from "../model/mod.ts";
import { isCompressed, isJsonLines } from "./documents.ts";
import { TokenFile, type TokenFileOptions } from "./token_file.ts";
import { type FileStream, type StreamOptions, tokenStream } from "./token_stream.ts";
import { tokenise, type TokeniseOptions } from "./tokenise.ts";

/** Settings that determine the rows of a file. */
export interface FileStreamOptions
  extends
    Omit<StreamOptions, "eosId" | "vocabSize">,
    TokenFileOptions,
    Omit<TokeniseOptions, "tokenizer"> {
  /** tokenizer that the ids belong to */
  tokenizer: Tokenizer;
}

/** Returns whether a file holds text, by its name. */
export function isText(path: string): boolean {
  return isJsonLines(path) || isCompressed(path) || /\.txt$/i.test(path);
}

/**
 * Opens a file as a stream of rows: `.txt`, `.jsonl`, either with `.gz`, or a file of ids (`token_file.ts`).
 * @throws Error naming the file, what was expected, what was found and what to do.
 */
export async function openFileStream(
  path: string,
  options: FileStreamOptions,
): Promise<FileStream> {
  const { tokenizer: { eosId, vocabSize } } = options;
  if (eosId === undefined) {
    throw new Error(`${path}: the tokenizer needs an end-of-text token to separate documents`);
  }
  const ids = isText(path) ? await tokenise(path, options) : path;
  const file = await TokenFile.open(ids, options);
  try {
    return tokenStream(file, { ...options, eosId, vocabSize });
  } catch (error) {
    file.close();
    throw error;
  }
}
