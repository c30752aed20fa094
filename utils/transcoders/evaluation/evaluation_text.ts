/**
 * The text of an evaluation: rows to measure on, and rows to fit floors on, which share no text.
 *
 *     the embedded corpus   validation split; floors on the training split
 *     a file                its first rows; floors on the rows after them, or on another file
 */
import { UserError } from "../../base/mod.ts";
import type { Tokenizer } from "../../model/mod.ts";
import { type FileStreamOptions, openFileStream, tokenBatches } from "../../text/mod.ts";
import { streamRows, type TokenRows } from "./token_rows.ts";

/** Says which rows. */
export interface EvaluationText extends Pick<FileStreamOptions, "rows" | "cacheDir"> {
  /** tokenizer of the model */
  tokenizer: Tokenizer;
  /** file to measure on; default: the embedded corpus */
  text?: string;
  /** file to fit floors on; default: the rest of `text` */
  fitText?: string;
  /** rows per batch */
  batch: number;
  /** tokens per row */
  context: number;
  /** tokens to measure on, rounded up to whole batches; at most what the file has */
  tokens: number;
  /** tokens to fit floors on, rounded up to whole batches; at most what the file has */
  fitTokens: number;
  /** seed of the embedded corpus; rows of a file come in its order */
  seed: number;
  /** tokens whose positions do not count */
  excluded: readonly number[];
}

/** Rows of an evaluation. */
export interface EvaluationRows {
  /** rows to measure on */
  rows: TokenRows[];
  /** rows to fit floors on */
  fitRows: TokenRows[];
}

/** Reads the rows. @throws UserError if a file has too few rows; Error naming a file that cannot be read */
export async function evaluationRows(options: EvaluationText): Promise<EvaluationRows> {
  const { tokenizer, text, fitText, batch, context, tokens, fitTokens, seed, excluded } = options;
  const steps = Math.ceil(tokens / (batch * context));
  const fitSteps = Math.ceil(fitTokens / (batch * context));
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  if (text === undefined) {
    const of = (split: "train" | "validation", count: number) =>
      streamRows(
        tokenBatches({ tokenizer, seed, batch, context, split }),
        range(0, count),
        excluded,
      );
    return { rows: of("validation", steps), fitRows: of("train", fitSteps) };
  }
  const open = async (path: string) => {
    const { rows, cacheDir } = options;
    const limit = tokens + fitTokens + 4 * batch * context;
    const stream = await openFileStream(path, { rows, cacheDir, limit, tokenizer, batch, context });
    return { stream, most: Math.floor(stream.rows / batch) };
  };
  const main = await open(text);
  try {
    const other = fitText === undefined ? undefined : await open(fitText);
    const needed = other ? 1 : 2;
    if (main.most < needed || other && other.most < 1) {
      const [path, { stream }] = main.most < needed ? [text, main] : [fitText!, other!];
      throw new UserError(
        `${path}: expected at least ${needed * batch} rows of ${context} tokens, found ` +
          `${stream.rows}; give more text, or smaller batch and context`,
      );
    }
    const end = Math.min(steps, other ? main.most : main.most - 1);
    const rows = streamRows(main.stream, range(0, end), excluded);
    if (!other) {
      const last = Math.min(main.most, end + fitSteps);
      return { rows, fitRows: streamRows(main.stream, range(end, last), excluded) };
    }
    const fitRows = streamRows(other.stream, range(0, Math.min(other.most, fitSteps)), excluded);
    other.stream.close();
    return { rows, fitRows };
  } finally {
    main.stream.close();
  }
}
