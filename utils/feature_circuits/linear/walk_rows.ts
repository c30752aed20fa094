/**
 * Rows on their way down, and how they are cut into batches.
 *
 * A row is a cotangent: the derivative of one target with respect to the residual stream. Wide rows `[q, R, d]` have a vector
 * at each of the first q positions; narrow rows `[R, d]` have one at their own position only, as every row before its first
 * attention. Positions come first, so that the rows of a position are one matrix.
 */
import { type F32, free, tensor } from "../../onnx/mod.ts";

/** A row to propagate. */
export interface WalkRow {
  /** where it joins; see `reading.ts` */
  stage: number;
  /** its position */
  position: number;
  /** writes its vector in the stream, `[d]` */
  write(out: Float32Array): void;
}

/** Rows with a vector at each of the first q positions. */
export interface Wide {
  /** index of each row */
  ids: number[];
  /** `[q, R, d]` */
  g: F32;
}

/** Rows with a vector at one position. */
export interface Narrow {
  /** index of each row */
  ids: number[];
  /** position of each row */
  positions: number[];
  /** `[R, d]` */
  g: F32;
}

/** Where the edges of a row go: the array and the offset of its column 0. */
export interface EdgeRows {
  /** edges, accumulated */
  data: Float32Array;
  /** offset of each row */
  offset(row: number): number;
}

/** Largest size of a batch in bytes. Larger ones are slower: fresh memory costs more than small products do. */
export const LARGEST_BATCH = 48 * 2 ** 20;
/** Copies of a batch's rows that are in memory at once: operands, results and what is between two products. */
const COPIES = 8;
/** Positions whose rows share a batch while it has fewer rows than this: runs of small products cost more than they compute. */
const FEW_ROWS = 128;

/** Returns the number of rows of a batch with q positions that fit `bytes`; at least 1. */
export function rowsPerBatch(bytes: number, q: number, d: number): number {
  return Math.max(1, Math.floor(bytes / (COPIES * 4 * q * d)));
}

/** Cuts rows, sorted by position, into batches; see the header. */
export function walkBatches(rows: readonly WalkRow[], bytes: number, d: number): number[][] {
  const order = Array.from(rows.keys()).sort((a, b) =>
    rows[a].position - rows[b].position || a - b
  );
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const id of order) {
    const last = batch.length === 0 ? undefined : rows[batch.at(-1)!].position;
    const q = rows[id].position + 1;
    const full = batch.length >= rowsPerBatch(bytes, q, d);
    if (full || last !== undefined && last < q - 1 && batch.length >= FEW_ROWS) {
      batches.push(batch);
      batch = [];
    }
    batch.push(id);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** Joins narrow rows. */
export function joined(a: Narrow | undefined, b: Narrow): Narrow {
  if (!a) return b;
  const data = new Float32Array(a.g.data.length + b.g.data.length);
  data.set(a.g.data);
  data.set(b.g.data, a.g.data.length);
  const ids = [...a.ids, ...b.ids];
  return {
    ids,
    positions: [...a.positions, ...b.positions],
    g: tensor(data, [ids.length, a.g.shape[1]]),
  };
}

/** Joins wide rows along R, and frees them if there are several. */
export function joinedWide(parts: readonly Wide[], q: number, d: number): Wide | undefined {
  if (parts.length < 2) return parts[0];
  const ids = parts.flatMap((part) => part.ids), R = ids.length;
  const data = new Float32Array(q * R * d);
  let column = 0;
  for (const { g } of parts) {
    const width = g.shape[1] * d;
    for (let p = 0; p < q; p++) {
      data.set(g.data.subarray(p * width, (p + 1) * width), p * R * d + column);
    }
    column += width;
    free(g);
  }
  return { ids, g: tensor(data, [q, R, d]) };
}

/** Returns rows that join, `[R, d]`. */
export function fresh(rows: readonly WalkRow[], ids: number[], d: number): Narrow {
  const data = new Float32Array(ids.length * d);
  ids.forEach((id, i) => rows[id].write(data.subarray(i * d, (i + 1) * d)));
  return { ids, positions: ids.map((id) => rows[id].position), g: tensor(data, [ids.length, d]) };
}
