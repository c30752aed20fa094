/**
 * Text for CSPA: token lists of one length, each a beginning of one document after the end-of-text token.
 *
 *  - from a file: JSON lines with a `text` each, or plain text whose documents are separated by `<|endoftext|>`. Order
 *    shuffled by the seed, curly quotes made straight, documents that are too short left out (the paper does so with
 *    openwebtext);
 *  - from the embedded corpus: documents of the validation split, which training never saw. They are short, so several
 *    follow each other, separated by the end-of-text token as in training.
 */
import { documents } from "../../corpus/corpus.ts";
import type { Tokenizer } from "../../model/tokenizer.ts";
import { PythonRandom } from "../../base/python_random.ts";

export interface DocumentOptions {
  /** documents wanted */
  count: number;
  /** tokens of each, the leading end-of-text token included */
  length: number;
  /** default 6 */
  seed?: number;
}

/** The text with curly quotes made straight. */
export function straightQuotes(text: string): string {
  return text.replaceAll(/[\u2018\u2019]/g, "'").replaceAll(/[\u201c\u201d]/g, '"');
}

/**
 * Documents of the embedded corpus's validation split.
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
 * Documents of a text file.
 * @throws Error naming the file and line that is no JSON object with a text, or how many documents are long enough.
 */
export async function fileDocuments(
  file: string,
  tokenizer: Tokenizer,
  { count, length, seed = 6 }: DocumentOptions,
): Promise<number[][]> {
  const text = await Deno.readTextFile(file).catch((cause) => {
    throw new Error(`cannot read text ${file}: ${cause.message}`, { cause });
  });
  const texts = file.endsWith(".jsonl") ? jsonLines(text, file) : text.split("<|endoftext|>");
  const start = tokenizer.eosId === undefined ? [] : [tokenizer.eosId];
  const found: number[][] = [];
  for (const document of new PythonRandom(seed).shuffle(texts)) {
    if (found.length === count) break;
    const tokens = [...start, ...tokenizer.encode(straightQuotes(document.trim()))];
    if (tokens.length >= length) found.push(tokens.slice(0, length));
  }
  if (found.length < count) {
    throw new Error(
      `${file}: ${found.length} of ${texts.length} documents have at least ${length} tokens, ${count} are needed; ` +
        `give more text, or fewer documents (mean_docs) or tokens`,
    );
  }
  return found;
}

function jsonLines(text: string, file: string): string[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      const value = JSON.parse(line).text;
      if (typeof value === "string") return [value];
    } catch {
      // told below
    }
    throw new Error(`${file}: line ${i + 1} is no JSON object with a string "text"`);
  });
}
