/**
 * Keeps examples of many features in bounded memory while text streams by:
 *
 *  - **top** examples: the rows with the largest activations, one per row;
 *  - a **sample** of all firings, uniform (algorithm R of Vitter 1985), for examples from quantile bands.
 *
 * Each example has the activations of the tokens around its peak. Memory: features × examples × window × 4 bytes.
 */
import { type DrawIndex, seededIndices } from "../../base/mod.ts";

/** How many examples, and how much text around each. */
export interface ExampleOptions {
  /** number of top examples */
  top: number;
  /** number of sampled firings */
  sample: number;
  /** tokens before the peak */
  before: number;
  /** tokens after the peak */
  after: number;
  /** seed of the sample */
  seed: number;
}

/** One example. */
export interface Example {
  /** number of the row */
  row: number;
  /** position of the peak in its row */
  peak: number;
  /** first position of the window */
  from: number;
  /** activation at the peak */
  value: number;
  /** activations of the window's tokens */
  activations: Float32Array;
}

/** Activations of a row's tokens, and where they are in a larger array. */
export interface RowActivations {
  /** activations, features fastest */
  data: ArrayLike<number>;
  /** index of the row's first activation */
  offset: number;
  /** number of tokens */
  length: number;
  /** 1 for each token that counts, by position */
  counted: Uint8Array;
  /** number of the row */
  row: number;
}

/** Examples of every feature of a coder. */
export class ExampleKeeper {
  readonly #slots: number;
  readonly #width: number;
  readonly #rows: Int32Array;
  readonly #peaks: Int32Array;
  readonly #values: Float32Array;
  readonly #windows: Float32Array;
  /** top examples kept so far, and the smallest of them */
  readonly #kept: Int32Array;
  readonly #least: Int32Array;
  readonly #seen: Float64Array;
  readonly #draw: DrawIndex;

  /** Takes the number of features. */
  constructor(private readonly features: number, private readonly options: ExampleOptions) {
    const { top, sample, before, after, seed } = options;
    this.#slots = top + sample;
    this.#width = before + 1 + after;
    const all = features * this.#slots;
    this.#rows = new Int32Array(all).fill(-1);
    this.#peaks = new Int32Array(all);
    this.#values = new Float32Array(all);
    this.#windows = new Float32Array(all * this.#width);
    this.#kept = new Int32Array(features);
    this.#least = new Int32Array(features);
    this.#seen = new Float64Array(features);
    this.#draw = seededIndices(seed);
  }

  /** Returns the bytes that examples of this many features take. */
  static bytes(features: number, { top, sample, before, after }: ExampleOptions): number {
    return features * (top + sample) * 4 * (3 + before + 1 + after) + features * 16;
  }

  /** Offers the largest activation of a feature in a row. */
  offerPeak(f: number, value: number, peak: number, source: RowActivations): void {
    const { top } = this.options, first = f * this.#slots;
    if (top === 0) return;
    if (this.#kept[f] < top) {
      const slot = first + this.#kept[f]++;
      this.#write(slot, f, value, peak, source);
      if (this.#kept[f] === top) this.#findLeast(f);
      return;
    }
    const slot = first + this.#least[f];
    if (value <= this.#values[slot]) return;
    this.#write(slot, f, value, peak, source);
    this.#findLeast(f);
  }

  /** Offers a firing to the sample. */
  offerFiring(f: number, value: number, position: number, source: RowActivations): void {
    const { top, sample } = this.options;
    const seen = this.#seen[f]++;
    const place = seen < sample ? seen : this.#draw(seen + 1);
    if (place >= sample) return;
    this.#write(f * this.#slots + top + place, f, value, position, source);
  }

  #findLeast(f: number): void {
    const first = f * this.#slots;
    let least = 0;
    for (let i = 1; i < this.options.top; i++) {
      if (this.#values[first + i] < this.#values[first + least]) least = i;
    }
    this.#least[f] = least;
  }

  #write(slot: number, f: number, value: number, peak: number, source: RowActivations): void {
    const { before } = this.options, width = this.#width;
    const { data, offset, length, counted, row } = source;
    this.#rows[slot] = row;
    this.#peaks[slot] = peak;
    this.#values[slot] = value;
    for (let i = 0; i < width; i++) {
      const p = peak - before + i;
      const inside = p >= 0 && p < length && counted[p] === 1;
      this.#windows[slot * width + i] = inside ? data[offset + p * this.features + f] : 0;
    }
  }

  #read(slot: number, lengthOf: (row: number) => number): Example {
    const { before } = this.options, width = this.#width;
    const row = this.#rows[slot], peak = this.#peaks[slot];
    const from = Math.max(0, peak - before), skipped = from - (peak - before);
    const end = Math.min(lengthOf(row), peak - before + width);
    const at = slot * width + skipped;
    const activations = this.#windows.slice(at, at + end - from);
    return { row, peak, from, value: this.#values[slot], activations };
  }

  /** Returns the top examples of a feature, the largest first. @param lengthOf number of tokens of a row */
  top(f: number, lengthOf: (row: number) => number): Example[] {
    const first = f * this.#slots;
    return Array.from({ length: this.#kept[f] }, (_, i) => this.#read(first + i, lengthOf))
      .sort((a, b) => b.value - a.value || a.row - b.row);
  }

  /** Returns the sampled firings of a feature, the largest first. @param lengthOf number of tokens of a row */
  sample(f: number, lengthOf: (row: number) => number): Example[] {
    const first = f * this.#slots + this.options.top;
    const count = Math.min(this.options.sample, this.#seen[f]);
    return Array.from({ length: count }, (_, i) => this.#read(first + i, lengthOf))
      .sort((a, b) => b.value - a.value || a.row - b.row || a.peak - b.peak);
  }
}
