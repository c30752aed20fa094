/**
 * A small tensor for scripts: what a model returns, with indexing, `argmax` and nested arrays.
 *
 * Each axis takes a selector: a number takes one index and drops the axis, `[from, to]` takes a range, `null` takes all.
 * Negative numbers count from the end, as in NumPy. Axes without a selector are taken whole. Nothing here is fast: for
 * arithmetic on whole activations, write a graph.
 */
import { dtypeOf, DTYPES, sizeOf, type Tensor, type TensorData } from "./dtype.ts";

/** Selects along one axis: one index, a range `[from, to]` without its end, or `null` for everything. */
export type Selector = number | readonly [from: number, to: number] | null;

/** Numbers in nested arrays, one level per axis. */
export type Nested = number | Nested[];

/** Arrays of plain numbers that a small tensor can hold. */
export type NumberData = Exclude<TensorData, BigInt64Array>;

/**
 * Holds data with a shape; usable wherever a `Tensor` is.
 * @example
 * ```ts
 * import { NdTensor } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const t = NdTensor.from([[1, 5, 2], [7, 3, 4]]);
 * assertEquals(t.slice(0, -1).item(), 2);
 * assertEquals(t.slice(null, [1, 3]).toArray(), [[5, 2], [3, 4]]);
 * assertEquals(t.argmax().toArray(), [1, 0]);
 * assertEquals(t.with([1], 0).toArray(), [[1, 5, 2], [0, 0, 0]]);
 * ```
 */
export class NdTensor<T extends NumberData = Float32Array> implements Tensor<T> {
  /** element type, which belongs to the array */
  readonly dtype: Tensor["dtype"];

  /**
   * Makes a tensor over existing data, which is not copied.
   * @throws RangeError if the shape does not hold as many elements as the array.
   */
  constructor(
    /** elements in row-major order */
    readonly data: T,
    /** sizes, from the outermost axis */
    readonly shape: number[],
  ) {
    if (sizeOf(shape) !== data.length) {
      throw new RangeError(
        `tensor of shape [${shape}] needs ${sizeOf(shape)} elements, the array has ${data.length}`,
      );
    }
    this.dtype = dtypeOf(data);
  }

  /** Wraps a tensor that a session returned, without a copy. */
  static of<T extends NumberData>({ data, shape }: Tensor<T>): NdTensor<T> {
    return new NdTensor(data, shape);
  }

  /** Makes a float32 tensor of nested arrays. @throws RangeError if rows differ in length. */
  static from(values: Nested): NdTensor {
    const shape: number[] = [];
    for (let v: Nested = values; Array.isArray(v); v = v[0]) shape.push(v.length);
    const flat = (v: Nested, axis: number): number[] => {
      if (
        Array.isArray(v) !== axis < shape.length || Array.isArray(v) && v.length !== shape[axis]
      ) {
        throw new RangeError(
          `nested arrays: rows differ in length; the first has shape [${shape}]`,
        );
      }
      return Array.isArray(v) ? v.flatMap((inner) => flat(inner, axis + 1)) : [v];
    };
    return new NdTensor(Float32Array.from(flat(values, 0)), shape);
  }

  /**
   * Returns a copy of a part, one selector per axis; see the header.
   * @throws RangeError naming the axis of an index or a range that the tensor does not have.
   */
  slice(...selectors: readonly Selector[]): NdTensor<T> {
    const { places, shape } = this.#places(selectors);
    const data = DTYPES[this.dtype].make(places.length) as T;
    places.forEach((place, i) => data[i] = this.data[place]);
    return new NdTensor(data, shape);
  }

  /**
   * Returns a copy in which a part has another value: one number, or a tensor of the part's shape.
   * @throws RangeError as {@link slice} does, or if the shapes differ.
   */
  with(selectors: readonly Selector[], value: number | Tensor<NumberData>): NdTensor<T> {
    const { places, shape } = this.#places(selectors);
    if (typeof value !== "number" && String(value.shape) !== String(shape)) {
      throw new RangeError(`with: the part has shape [${shape}], the value [${value.shape}]`);
    }
    const data = this.data.slice() as T;
    places.forEach((place, i) => data[place] = typeof value === "number" ? value : value.data[i]);
    return new NdTensor(data, [...this.shape]);
  }

  /** Returns a copy with `f` applied to every element; `f` takes the element and its row-major index. */
  map(f: (value: number, index: number) => number): NdTensor<T> {
    const data = DTYPES[this.dtype].make(this.data.length) as T;
    this.data.forEach((x, i) => data[i] = f(x, i));
    return new NdTensor(data, [...this.shape]);
  }

  /** Returns the index of the largest element along an axis, which it drops; the first of equals wins. Default: the last. */
  argmax(axis = -1): NdTensor<Int32Array> {
    return this.#reduce(axis, (n) => new Int32Array(n), (row) => {
      let best = 0;
      row.forEach((x, i) => best = x > row[best] ? i : best);
      return best;
    });
  }

  /** Returns the mean along an axis, which it drops. Default: the last. */
  mean(axis = -1): NdTensor {
    const make = (n: number) => new Float32Array(n);
    return this.#reduce(axis, make, (row) => row.reduce((a, b) => a + b, 0) / row.length);
  }

  /** Returns the elements in nested arrays, one level per axis; a plain number if there are no axes. */
  toArray(): Nested {
    const nested = (from: number, [length, ...rest]: number[]): Nested => {
      if (length === undefined) return this.data[from];
      const width = sizeOf(rest);
      return Array.from({ length }, (_, i) => nested(from + i * width, rest));
    };
    return nested(0, this.shape);
  }

  /** Returns the only element. @throws RangeError if there are more or none. */
  item(): number {
    if (this.data.length === 1) return this.data[0];
    throw new RangeError(`item: expected one element, found shape [${this.shape}]`);
  }

  #axis(axis: number): number {
    const place = axis < 0 ? axis + this.shape.length : axis;
    if (Number.isInteger(axis) && place >= 0 && place < this.shape.length) return place;
    throw new RangeError(`axis ${axis}: the tensor has shape [${this.shape}]`);
  }

  #reduce<R extends NumberData>(
    axis: number,
    make: (length: number) => R,
    of: (row: number[]) => number,
  ): NdTensor<R> {
    const at = this.#axis(axis);
    const length = this.shape[at], inner = sizeOf(this.shape.slice(at + 1));
    if (length === 0) throw new RangeError(`axis ${axis} of shape [${this.shape}] is empty`);
    const shape = this.shape.toSpliced(at, 1);
    const out = make(sizeOf(shape));
    for (let i = 0; i < out.length; i++) {
      const start = Math.floor(i / inner) * length * inner + i % inner;
      out[i] = of(Array.from({ length }, (_, k) => this.data[start + k * inner]));
    }
    return new NdTensor(out, shape);
  }

  /** Returns the row-major places of a part and its shape. */
  #places(selectors: readonly Selector[]): { places: number[]; shape: number[] } {
    if (selectors.length > this.shape.length) {
      throw new RangeError(`${selectors.length} selectors for a tensor of shape [${this.shape}]`);
    }
    let places = [0];
    const shape: number[] = [];
    this.shape.forEach((size, axis) => {
      const selector = selectors[axis] ?? null;
      const one = typeof selector === "number";
      const [from, to] = selector === null ? [0, size] : one
        ? [
          selector < 0 ? selector + size : selector,
          (selector < 0 ? selector + size : selector) + 1,
        ]
        : selector.map((i) => i < 0 ? i + size : i);
      const whole = Number.isInteger(from) && Number.isInteger(to);
      if (!whole || from < 0 || to > size || from > to) {
        const asked = one ? `index ${selector}` : `range [${selector}]`;
        throw new RangeError(`${asked} on axis ${axis} of shape [${this.shape}]: it has ${size}`);
      }
      if (!one) shape.push(to - from);
      places = places.flatMap((p) =>
        Array.from({ length: to - from }, (_, i) => p * size + from + i)
      );
    });
    return { places, shape };
  }
}
