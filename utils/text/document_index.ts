/**
 * Finds the documents inside a file of ids by reading the file once.
 *
 * A document is a run of ids without the end-of-text token, within one stored row or sequence. Several end-of-text tokens in
 * a row, as files with both a beginning and an end token have them, bound one document, so empty documents do not exist.
 * For packing, each document counts with one end-of-text token before it:
 *
 *   stream = eos d₀ eos d₁ eos d₂ …,   position of document i = Σ_{j<i} (1 + |d_j|)
 *
 * Memory: 16 bytes per document.
 */
import { FloatList } from "./float_list.ts";
import type { TokenFile } from "./token_file.ts";

/** Ids that are read at once. */
const PART = 1 << 20;

/** Documents by number and by position. */
export class DocumentIndex {
  /** first id of each document in the file */
  private readonly starts = new FloatList();
  /** position of each document's end-of-text token in the stream */
  private readonly positions = new FloatList();
  #total = 0;

  private constructor(private readonly file: TokenFile, private readonly eosId: number) {}

  /**
   * Finds the documents and checks every id.
   * @param eosId id of the end-of-text token
   * @param vocabSize one more than the largest id
   * @throws Error naming the file, the place and the id outside the vocabulary.
   */
  static of(file: TokenFile, eosId: number, vocabSize: number): DocumentIndex {
    const index = new DocumentIndex(file, eosId);
    const { width, boundaries } = file.layout;
    let start = -1, sequence = 1;
    const nextBoundary = () => {
      if (width !== undefined) return sequence * width;
      return boundaries && sequence < boundaries.length ? boundaries.at(sequence) : Infinity;
    };
    let boundary = nextBoundary();
    const close = (end: number) => {
      if (start >= 0) index.#add(start, end - start);
      start = -1;
    };
    for (let from = 0; from < file.count; from += PART) {
      const ids = file.read(from, Math.min(PART, file.count - from));
      checkIds(file, ids, from, vocabSize);
      for (let i = 0; i < ids.length; i++) {
        const at = from + i;
        while (at >= boundary) {
          close(at);
          sequence++;
          boundary = nextBoundary();
        }
        if (ids[i] === eosId) close(at);
        else if (start < 0) start = at;
      }
    }
    close(file.count);
    return index;
  }

  /** Number of documents. */
  get count(): number {
    return this.starts.length;
  }

  /** Length of the stream: all documents, each with an end-of-text token before it. */
  get total(): number {
    return this.#total;
  }

  /** Writes ids of the stream from a position on into `out`. */
  fill(out: Int32Array, position: number): void {
    let i = this.positions.lastAtMost(position);
    let offset = position - this.positions.at(i);
    const last = this.positions.lastAtMost(position + out.length - 1);
    const first = this.starts.at(i) + Math.max(0, offset - 1);
    const taken = position + out.length - 1 - this.positions.at(last); // of the last document
    const ids = this.file.read(first, Math.max(0, this.starts.at(last) + taken - first));
    for (let done = 0; done < out.length; i++, offset = 0) {
      if (offset === 0) out[done++] = this.eosId;
      else offset--;
      const from = this.starts.at(i) - first + offset;
      const length = Math.min(this.#length(i) - offset, out.length - done);
      out.set(ids.subarray(from, from + length), done);
      done += length;
    }
  }

  /**
   * Writes an end-of-text token and the beginning of a document into `out`.
   * @returns number of ids written; the rest of `out` keeps its values
   */
  beginning(out: Int32Array, document: number): number {
    const length = Math.min(this.#length(document), out.length - 1);
    out[0] = this.eosId;
    out.set(this.file.read(this.starts.at(document), length), 1);
    return 1 + length;
  }

  #length(document: number): number {
    const next = document + 1 < this.count ? this.positions.at(document + 1) : this.#total;
    return next - this.positions.at(document) - 1;
  }

  #add(start: number, length: number): void {
    this.starts.push(start);
    this.positions.push(this.#total);
    this.#total += 1 + length;
  }
}

/**
 * Checks that ids are inside a vocabulary.
 * @param from place of the first id in the file
 * @throws Error naming the file, the place, the expected range and the id found.
 */
export function checkIds(file: TokenFile, ids: Int32Array, from: number, vocabSize: number): void {
  let at = 0;
  while (at < ids.length && ids[at] >= 0 && ids[at] < vocabSize) at++;
  if (at === ids.length) return;
  const { path, dtype } = file.layout;
  throw new Error(
    `${path}: expected ids from 0 to ${vocabSize - 1}, found ${ids[at]} at place ${from + at} ` +
      `(read as ${dtype}); use the file of this model's tokenizer, and name its number format`,
  );
}
