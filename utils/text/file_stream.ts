/** Rows of ids from a file of any kind: text is tokenised into a cache first, files of ids are read as they are. */
import type { Tokenizer } from "../model/mod.ts";
import { isCompressed, isJsonLines } from "./documents.ts";
import { TokenFile, type TokenFileOptions } from "./token_file.ts";
import { type FileStream, type StreamOptions, tokenStream } from "./token_stream.ts";
import { tokenise, type TokeniseOptions } from "./tokenise.ts";

/** What determines the rows of a file. */
export interface FileStreamOptions
  extends
    Omit<StreamOptions, "eosId" | "vocabSize">,
    TokenFileOptions,
    Omit<TokeniseOptions, "tokenizer"> {
  /** its vocabulary is that of the ids */
  tokenizer: Tokenizer;
}

/** Whether a file holds text, by its name. */
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
