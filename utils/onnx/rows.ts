/**
 * Takes, repeats and joins rows of tensors outside a graph.
 *
 * A row is everything at one index of the leading axis, whatever axes follow. Results that need no copy are views: they
 * share their elements with the original tensor.
 */
import { DTYPES, sizeOf, type Tensor, tensor, type TensorData } from "./dtype.ts";

const rowShape = (t: Tensor): number[] => t.shape.slice(1);

/** Returns a new tensor of `count` rows, with the type and row shape of `t`. */
function newRows<T extends TensorData>(t: Tensor<T>, count: number): Tensor<T> {
  const shape = [count, ...rowShape(t)];
  return { dtype: t.dtype, shape, data: DTYPES[t.dtype].make(sizeOf(shape)) as T };
}

/** Copies elements between arrays of one type, which the types of two generic arrays do not tell. */
function copy<T extends TensorData>(to: T, from: T, at: number): void {
  (to as Float32Array).set(from as Float32Array, at);
}

function checkRange(name: string, from: number, to: number, length: number, shape: number[]): void {
  const whole = Number.isInteger(from) && Number.isInteger(to);
  if (whole && from >= 0 && from <= to && to <= length) return;
  throw new RangeError(
    `${name}: rows ${from} … ${to} − 1 asked for, the tensor of shape [${shape}] has ${length}`,
  );
}

/**
 * Returns the rows `from … to − 1` as a view.
 * @throws RangeError when the tensor does not have them.
 */
export function sliceRows<T extends TensorData>(t: Tensor<T>, from: number, to: number): Tensor<T> {
  checkRange("sliceRows", from, to, t.shape[0], t.shape);
  const width = sizeOf(rowShape(t));
  const data = t.data.subarray(from * width, to * width) as T;
  return tensor(data, [to - from, ...rowShape(t)]);
}

/**
 * Returns the rows `from … to − 1` of each row: `[n, m, …]` → `[n, to − from, …]`. A view where they lie together, that is
 * for a single outer row or for all inner ones; otherwise a copy.
 * @throws RangeError when the tensor does not have them.
 */
export function sliceWithinRows<T extends TensorData>(
  t: Tensor<T>,
  from: number,
  to: number,
): Tensor<T> {
  const [n, m, ...rest] = t.shape;
  checkRange("sliceWithinRows", from, to, m, t.shape);
  const width = sizeOf(rest), size = (to - from) * width;
  const shape = [n, to - from, ...rest];
  const part = (i: number, length = size) => {
    const start = (i * m + from) * width;
    return t.data.subarray(start, start + length) as T;
  };
  if (n === 1 || to - from === m) return tensor(part(0, n * size), shape);
  const data = DTYPES[t.dtype].make(n * size) as T;
  for (let i = 0; i < n; i++) copy(data, part(i), i * size);
  return tensor(data, shape);
}

/**
 * Returns a copy of the rows at `indices`, in that order; a row may be taken several times.
 * @throws RangeError when the tensor does not have one of them.
 */
export function takeRows<T extends TensorData>(
  t: Tensor<T>,
  indices: readonly number[],
): Tensor<T> {
  const out = newRows(t, indices.length);
  const width = sizeOf(rowShape(t));
  indices.forEach((index, i) => copy(out.data, sliceRows(t, index, index + 1).data, i * width));
  return out;
}

/**
 * Returns `times` copies of a tensor, one after another: `[n, …]` → `[times · n, …]`. Once gives the tensor itself.
 * @throws RangeError when `times` is not a whole number, or negative.
 */
export function repeatRows<T extends TensorData>(t: Tensor<T>, times: number): Tensor<T> {
  if (!Number.isInteger(times) || times < 0) throw new RangeError(`repeatRows: ${times} times`);
  if (times === 1) return t;
  const out = newRows(t, times * t.shape[0]);
  for (let i = 0; i < times; i++) copy(out.data, t.data, i * t.data.length);
  return out;
}

/**
 * Joins the rows of several tensors, one after another. Returns a single tensor as it is.
 * @throws Error when there is no tensor, or when types or rows differ.
 */
export function joinRows<T extends TensorData>(parts: readonly Tensor<T>[]): Tensor<T> {
  const [first] = parts;
  if (!first) throw new Error("joinRows: no tensors to join");
  if (parts.length === 1) return first;
  for (const { dtype, shape } of parts) {
    if (dtype === first.dtype && String(shape.slice(1)) === String(rowShape(first))) continue;
    throw new Error(
      `joinRows: ${first.dtype}[${first.shape}] and ${dtype}[${shape}] do not have rows of one type and shape`,
    );
  }
  const out = newRows(first, parts.reduce((n, { shape }) => n + shape[0], 0));
  let at = 0;
  for (const { data } of parts) {
    copy(out.data, data, at);
    at += data.length;
  }
  return out;
}
