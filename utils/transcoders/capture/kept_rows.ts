/**
 * The token positions that coders are trained on, as one sequence of rows: those of step 0 of a stream of tokens, then those
 * of step 1, and so on, without padding and without excluded ids.
 *
 * How many rows a step has depends on its tokens, so the place of row n is found by counting from the start. Counting reads
 * tokens but does not run the model, and a count is kept once made.
 */
import type { TokenStream } from "../../text/mod.ts";

/** Which positions are left out. */
export interface KeptOptions {
  /** ids whose positions are left out, such as the end-of-text token */
  excluded?: readonly (number | undefined)[];
  /** bytes of tokens that are kept in memory, for a stream that is read again for other checkpoints; default 64 MB */
  remembered?: number;
}

/** A part of a step of the stream. */
export interface Segment {
  /** ids of the whole step `[batch, context]` */
  ids: Int32Array<ArrayBuffer>;
  /** the positions that count, as indices into `ids` */
  positions: Int32Array<ArrayBuffer>;
}

/** Steps without a row after which a stream counts as empty. */
const EMPTY_STEPS = 1000;

/** The rows of a stream by number. */
export class KeptRows {
  readonly #excluded: ReadonlySet<number>;
  /** rows of all steps before step i */
  readonly #before = [0];
  readonly #tokens = new Map<number, Int32Array<ArrayBuffer>>();
  readonly #remembered: number;

  /** Takes a stream; reads nothing yet. */
  constructor(readonly stream: TokenStream, options: KeptOptions = {}) {
    const { excluded = [], remembered = 64e6 } = options;
    this.#excluded = new Set(excluded.filter((id) => id !== undefined));
    this.#remembered = Math.floor(remembered / (4 * stream.batch * stream.context));
  }

  /**
   * Yields the rows `from … to − 1` in their order, by steps of the stream.
   * @throws Error when the stream has no more rows.
   */
  *segments(from: number, to: number): Generator<Segment> {
    for (let step = this.#stepOf(from); this.#beforeStep(step) < to; step++) {
      const before = this.#beforeStep(step);
      const ids = this.#idsOf(step);
      const all = this.#positionsOf(step, ids);
      const positions = all.subarray(Math.max(0, from - before), Math.max(0, to - before));
      if (positions.length > 0) yield { ids, positions };
    }
  }

  /** Returns how many steps of the stream hold the first `rows` rows. @throws Error when the stream has no more rows. */
  stepsOf(rows: number): number {
    return rows === 0 ? 0 : this.#stepOf(rows - 1) + 1;
  }

  /** Returns the last step that begins at or before a row. */
  #stepOf(row: number): number {
    let step = 0;
    while (this.#beforeStep(step + 1) <= row) step++;
    return step;
  }

  #beforeStep(step: number): number {
    while (this.#before.length <= step) {
      const next = this.#before.length - 1;
      const count = this.#positionsOf(next, this.#idsOf(next)).length;
      this.#before.push(this.#before[next] + count);
      if (next < EMPTY_STEPS || this.#before[next + 1] > this.#before[next - EMPTY_STEPS]) continue;
      throw new Error(
        `the text has no tokens to train on: ${EMPTY_STEPS} batches from batch ${
          next - EMPTY_STEPS
        } on consist of padding and excluded tokens`,
      );
    }
    return this.#before[step];
  }

  #idsOf(step: number): Int32Array<ArrayBuffer> {
    const known = this.#tokens.get(step);
    if (known) return known;
    const ids = this.stream.at(step);
    if (this.#tokens.size < this.#remembered) this.#tokens.set(step, ids);
    return ids;
  }

  #positionsOf(step: number, ids: Int32Array): Int32Array<ArrayBuffer> {
    const { batch, context } = this.stream;
    const lengths = this.stream.lengths?.(step);
    const kept = new Int32Array(ids.length);
    let count = 0;
    for (let row = 0; row < batch; row++) {
      const end = row * context + (lengths?.[row] ?? context);
      for (let i = row * context; i < end; i++) {
        if (!this.#excluded.has(ids[i])) kept[count++] = i;
      }
    }
    return kept.subarray(0, count);
  }
}
