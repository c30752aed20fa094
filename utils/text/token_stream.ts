/**
 * Returns rows of token ids by step number. The rows are a pure function of the settings and the number, so a run that
 * resumes at a step sees the same rows as an uninterrupted one, and steps can be made in any order.
 *
 *   packed  documents one after the other, each after one end-of-text token, cut into rows. With `startRows` every row
 *           begins with an end-of-text token too; where a document begins just there, its own is the one.
 *   padded  a row per document: end-of-text, its beginning, then end-of-text tokens as padding. `lengths` tells how many
 *           ids come before the padding; the rest of a document longer than a row is left out.
 *   stored  the rows of the file as they are, cut to the context. For files of rows that are packed already.
 *
 * Rows come in the order of the file or, with a seed, shuffled within each pass over it.
 */
import { checkIds, DocumentIndex } from "./document_index.ts";
import { permuted } from "./permutation.ts";
import type { TokenFile } from "./token_file.ts";

/** A stream of rows with random access. */
export interface TokenStream {
  /** rows per step */
  readonly batch: number;
  /** ids per row */
  readonly context: number;
  /** Returns the ids of a step, row-major `[batch, context]`; a fresh array at each call. */
  at(step: number): Int32Array<ArrayBuffer>;
  /** Returns how many ids of each row of a step come before its padding; absent where rows are full. */
  lengths?(step: number): Int32Array<ArrayBuffer>;
}

/** Settings that determine the rows of a file. */
export interface StreamOptions {
  /** rows per step */
  batch: number;
  /** ids per row */
  context: number;
  /** how documents become rows */
  rows: "packed" | "padded" | "stored";
  /** id of the end-of-text token */
  eosId: number;
  /** one more than the largest id */
  vocabSize: number;
  /** every packed row begins with an end-of-text token; default true */
  startRows?: boolean;
  /** seed of the order; default: the order of the file */
  seed?: number;
}

/** A stream over a file. */
export interface FileStream extends TokenStream {
  /** rows in one pass over the file; steps go on with the next pass */
  readonly rows: number;
  /** Closes the file. */
  close(): void;
}

/** Rows of one kind by number. */
interface Rows {
  count: number;
  /** Fills `out` with a row. @returns ids before the padding */
  fill(out: Int32Array, row: number): number;
}

/**
 * Returns the rows of a file of ids. Packed and padded rows read the whole file once, to find its documents.
 * @throws Error naming the file when it holds no row, or an id outside the vocabulary.
 */
export function tokenStream(file: TokenFile, options: StreamOptions): FileStream {
  const { batch, context, eosId, seed } = options;
  for (const [name, value] of Object.entries({ batch, context })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new Error(`token stream: ${name} must be a positive integer, found ${value}`);
    }
  }
  const { count, fill } = rowsOf(file, options);
  if (count < 1) {
    throw new Error(
      `${file.layout.path}: expected at least one row of ${context} ids (${options.rows}), found ` +
        `${file.count} ids; give more text or a smaller context`,
    );
  }
  const rowOf = (step: number, b: number) => {
    const n = step * batch + b;
    const pass = Math.floor(n / count);
    return seed === undefined ? n % count : permuted(n % count, count, seed, pass);
  };
  const each = (step: number, use: (row: number, b: number) => void) => {
    if (!Number.isSafeInteger(step) || step < 0) {
      throw new RangeError(`token stream: a step must be an integer from 0 on, found ${step}`);
    }
    for (let b = 0; b < batch; b++) use(rowOf(step, b), b);
  };
  const at = (step: number) => {
    const ids = new Int32Array(batch * context).fill(eosId);
    each(step, (row, b) => fill(ids.subarray(b * context, (b + 1) * context), row));
    return ids;
  };
  const stream = { batch, context, rows: count, at, close: () => file.close() };
  if (options.rows !== "padded") return stream;
  const scratch = new Int32Array(context);
  const lengths = (step: number) => {
    const found = new Int32Array(batch);
    each(step, (row, b) => found[b] = fill(scratch, row));
    return found;
  };
  return { ...stream, lengths };
}

function rowsOf(file: TokenFile, options: StreamOptions): Rows {
  const { rows, context, eosId, vocabSize, startRows = true } = options;
  if (rows === "stored") return storedRows(file, context, vocabSize);
  const index = DocumentIndex.of(file, eosId, vocabSize);
  if (rows === "padded") {
    return { count: index.count, fill: (out, row) => index.beginning(out, row) };
  }
  if (!startRows) {
    const fill = (out: Int32Array, row: number) => {
      index.fill(out, row * context);
      return context;
    };
    return { count: Math.floor(index.total / context), fill };
  }
  // A row is an end-of-text token and `context − 1` ids. Where those would begin with a document's own token, it is the
  // row's, and the row takes one id more, which the next row begins with too.
  const stride = Math.max(1, context - 1);
  const fill = (out: Int32Array, row: number) => {
    index.fill(out, row * stride);
    if (out[0] === eosId) return context;
    out.copyWithin(1, 0);
    out[0] = eosId;
    return context;
  };
  return { count: Math.max(0, Math.floor((index.total - 1) / stride)), fill };
}

function storedRows(file: TokenFile, context: number, vocabSize: number): Rows {
  const { path, width, count } = file.layout;
  if (width === undefined || width < context) {
    throw new Error(
      `${path}: expected stored rows of at least ${context} ids, found ${
        width === undefined ? "no rows of equal length" : `rows of ${width}`
      }; use rows "packed" or a smaller context`,
    );
  }
  return {
    count: Math.floor(count / width),
    fill(out, row) {
      const ids = file.read(row * width, context);
      checkIds(file, ids, row * width, vocabSize);
      out.set(ids);
      return context;
    },
  };
}
