/**
 * Batches of activations by step number, from shuffled blocks:
 *
 *   block b   rows b·R … (b+1)·R − 1 of the sequence, in an order that the seed and b decide
 *   step t    rows t·batch … (t+1)·batch − 1 of the blocks put one after the other
 *
 * R is a multiple of the batch, so a batch is a view of one block and is not copied. Whatever a step needs can be computed
 * again from its number, so a resumed run saves no buffer. No row is left out, and none is used twice.
 */
import type { Batches } from "../../training/mod.ts";
import { rngFor } from "../../text/mod.ts";
import { emptyRows, type Tap, type TapRows } from "./taps.ts";

/** Where blocks come from. */
export interface BlockSource {
  /**
   * Fills a block.
   * @param order place of each of the block's rows in the result
   * @param into arrays of the block's size, one per tap
   */
  fill(
    block: number,
    order: Uint32Array,
    into: readonly TapRows<ArrayBufferLike>[],
  ): Promise<void>;
}

/** What determines the batches besides the source. */
export interface BufferSettings {
  /** hook points */
  taps: readonly Tap[];
  /** rows of a batch */
  batch: number;
  /** rows of a block, a multiple of the batch */
  blockRows: number;
  /** seed of the order */
  seed: number;
  /** steps of the run, where the source fills a block in a thread of its own: the next one while one is used */
  ahead?: number;
}

/** Rows of a step, one entry per tap. They may be views of the buffer, valid until the next call of `at`. */
export type ActivationBatch = readonly TapRows[];

/** A block, filled or being filled. */
interface Block {
  number: number;
  rows: readonly TapRows<ArrayBufferLike>[];
  /** what went wrong, or nothing, once it is filled; never rejects */
  filled: Promise<{ cause: unknown } | undefined>;
}

/**
 * Returns the batches. Keeps one block in memory, or two where the source works ahead.
 * @throws RangeError when the block is not a multiple of the batch.
 */
export function activationBatches(
  source: BlockSource,
  { taps, batch, blockRows, seed, ahead }: BufferSettings,
): Batches<ActivationBatch> {
  if (!(blockRows >= batch && blockRows % batch === 0)) {
    throw new RangeError(
      `blocks of ${blockRows} rows are not a multiple of the batch, ${batch} rows`,
    );
  }
  const blocks = ahead === undefined ? 0 : Math.ceil(ahead * batch / blockRows);
  const spare: Block["rows"][] = [];
  let held: Block | undefined, next: Block | undefined;
  const begin = (number: number): Block => {
    const rows = spare.pop() ?? emptyRows(taps, blockRows, ahead !== undefined);
    const filled = source.fill(number, shuffled(blockRows, seed, number), rows)
      .then(() => undefined, (cause: unknown) => ({ cause }));
    return { number, rows, filled };
  };
  /** Takes the rows of a block back, when nothing writes them any more. */
  const drop = async (block: Block | undefined) => {
    await block?.filled;
    if (block) spare.push(block.rows);
  };
  return {
    async at(step) {
      const first = step * batch;
      const block = Math.floor(first / blockRows);
      if (held?.number !== block) {
        await drop(held);
        held = undefined;
        if (next?.number !== block) {
          await drop(next);
          next = undefined;
        }
        const current = next ?? begin(block);
        next = undefined;
        const failed = await current.filled;
        if (failed) {
          await drop(current); // a block that fails halfway is not used
          throw failed.cause;
        }
        held = current;
        if (block + 1 < blocks) next = begin(block + 1);
      }
      const from = first - block * blockRows;
      return held.rows.map(({ x, y }, i) => {
        const part = (rows: Float32Array<ArrayBufferLike>, width: number) => {
          const view = rows.subarray(from * width, (from + batch) * width);
          // ONNX Runtime does not read memory that threads share.
          return view.buffer instanceof ArrayBuffer
            ? view as Float32Array<ArrayBuffer>
            : new Float32Array(view);
        };
        const inputs = part(x, taps[i].dIn);
        return { x: inputs, y: y === x ? inputs : part(y, taps[i].dOut) };
      });
    },
  };
}

/** Returns a permutation of 0 … n − 1 that the seed and the block decide (Fisher & Yates 1938, Durstenfeld 1964). */
export function shuffled(n: number, seed: number, block: number): Uint32Array {
  const rng = rngFor(seed, 0x5b10c, block);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor((rng.next() >>> 0) / 2 ** 32 * (i + 1));
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}
