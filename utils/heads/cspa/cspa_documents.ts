/**
 * Returns text for CSPA: token lists of one length. Each is the end-of-text token and the beginning of a document.
 *
 *  - From a file: JSON lines with a `text` each, or plain text with `<|endoftext|>` between documents. Both may be
 *    compressed with gzip. The reader shuffles the documents by the seed, makes curly quotes straight and skips documents
 *    that are too short, as the paper does with openwebtext.
 *  - From the embedded corpus: documents of the validation split, which training never saw. They are short, so a list
 *    joins several with the end-of-text token between them, as in training.
 */
import { documents, TextFile } from "../../text/mod.ts";
import type { Tokenizer } from "../../model/mod.ts";
import { PythonRandom } from "../../base/mod.ts";

/** Sets how many documents to return, and how long. */
export interface DocumentOptions {
  /** number of documents */
  count: number;
  /** tokens per document, including the leading end-of-text token */
  length: number;
  /** seed of the shuffle; default 6 */
  seed?: number;
}

/** Replaces curly quotes with straight ones. */
export function straightQuotes(text: string): string {
  return text.replaceAll(/[\u2018\u2019]/g, "'").replaceAll(/[\u201c\u201d]/g, '"');
}

/**
 * Returns documents of the embedded corpus's validation split, `[count][length]` token ids.
 * @throws Error when the tokenizer has no end-of-text token.
 */
export function corpusDocuments(tokenizer: Tokenizer, options: DocumentOptions): number[][] {
  const { count, length, seed = 6 } = options;
  const { eosId } = tokenizer;
  if (eosId === undefined) {
    throw new Error("text for CSPA: the tokenizer needs an end-of-text token between documents");
  }
  const stream = documents(seed, "validation");
  return Array.from({ length: count }, () => {
    const tokens: number[] = [];
    while (tokens.length < length) {
      tokens.push(eosId, ...tokenizer.encode(stream.next().value!.text));
    }
    return tokens.slice(0, length);
  });
}

/**
 * Returns documents of a text file, `[count][length]` token ids.
 * @throws Error naming the file and line that it cannot read, or saying how many documents are long enough.
 */
export async function fileDocuments(
  path: string,
  tokenizer: Tokenizer,
  { count, length, seed = 6 }: DocumentOptions,
): Promise<number[][]> {
  const file = await TextFile.open(path);
  try {
    const order = Array.from({ length: file.count }, (_, i) => i);
    const start = tokenizer.eosId === undefined ? [] : [tokenizer.eosId];
    const found: number[][] = [];
    for (const index of new PythonRandom(seed).shuffle(order)) {
      if (found.length === count) break;
      const text = straightQuotes(file.text(index).trim());
      const tokens = [...start, ...tokenizer.encode(text)];
      if (tokens.length >= length) found.push(tokens.slice(0, length));
    }
    if (found.length < count) {
      throw new Error(
        `${path}: ${found.length} of ${file.count} documents have at least ${length} tokens, ${count} are needed; ` +
          `give more text, or fewer documents (mean_docs) or tokens`,
      );
    }
    return found;
  } finally {
    file.close();
  }
}
