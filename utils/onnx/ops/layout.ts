/** Operators that arrange elements without computing: reshape, transpose, expand, slice, split, concatenate. */
import type { Dim, Shape, Value } from "../graph.ts";
import { frontAxis, sameShape, sumDim } from "../shapes.ts";

/**
 * Returns the same elements in another shape. Symbolic sizes are taken from the run: a dimension kept in its place is copied,
 * one may be inferred, more than that are read from the model's inputs.
 */
export function reshape(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const codes = shape.map((dim, i) => typeof dim === "number" ? dim : dim === x.shape[i] ? 0 : -1);
  const direct = codes.filter((c) => c === -1).length <= 1;
  const target = direct
    ? x.graph.constant(codes, [shape.length], "int64")
    : x.graph.shapeVector(shape);
  return x.graph.add("Reshape", [x, target], x.dtype, shape);
}

/**
 * Orders the axes: axis `i` of the result is axis `perm[i]` of `x`.
 * @throws Error when the permutation does not have one number for each axis.
 */
export function transpose(x: Value, perm: readonly number[]): Value {
  if (perm.length !== x.rank) throw new Error(`Transpose: permutation [${perm}] of ${x}`);
  if (perm.every((p, i) => p === i)) return x;
  return x.graph.add("Transpose", [x], x.dtype, perm.map((p) => x.shape[p]), { perm: [...perm] });
}

/** Exchanges the last two axes; doing so twice gives the value itself. */
export function swapLast(x: Value): Value {
  const perm = x.shape.map((_, i) => i);
  perm.splice(-2, 2, x.rank - 1, x.rank - 2);
  const exchanged = x.node?.op === "Transpose" && String(x.node.attributes.perm) === String(perm);
  return exchanged ? x.node!.inputs[0] : transpose(x, perm);
}

/** Broadcasts `x` to a shape. */
export function expand(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  return x.graph.add("Expand", [x, x.graph.shapeVector(shape)], x.dtype, shape);
}

/** Inserts an axis of length 1 at `axis`. */
export function unsqueeze(x: Value, axis: number): Value {
  const rank = x.rank + 1;
  const at = frontAxis("Unsqueeze", axis, rank);
  const shape = x.shape.toSpliced(at, 0, 1);
  return x.graph.add("Unsqueeze", [x, x.graph.constant([at], [1], "int64")], x.dtype, shape);
}

/**
 * Removes an axis of length 1.
 * @throws Error when the axis has another length.
 */
export function squeeze(x: Value, axis: number): Value {
  const at = frontAxis("Squeeze", axis, x.rank);
  if (x.shape[at] !== 1) throw new Error(`Squeeze: axis ${axis} of ${x} is not of length 1`);
  const shape = x.shape.toSpliced(at, 1);
  return x.graph.add("Squeeze", [x, x.graph.constant([at], [1], "int64")], x.dtype, shape);
}

/**
 * Returns the elements `start … end − 1` along one axis of known length.
 * @throws RangeError when the axis does not have them, or is symbolic.
 */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const at = frontAxis("Slice", axis, x.rank);
  const length = x.shape[at];
  if (typeof length !== "number" || start < 0 || end > length || start > end) {
    throw new RangeError(`Slice: ${start}…${end} along axis ${axis} of ${x}`);
  }
  if (start === 0 && end === length) return x;
  const vector = (n: number) => x.graph.constant([n], [1], "int64");
  const shape = x.shape.with(at, end - start);
  return x.graph.add("Slice", [x, vector(start), vector(end), vector(at)], x.dtype, shape);
}

/**
 * Cuts an axis into parts of the given lengths. They may be symbolic, e.g. `["past", "pos"]`.
 * @throws RangeError when they do not add up to the axis.
 */
export function split(x: Value, axis: number, sizes: Shape): Value[] {
  const at = frontAxis("Split", axis, x.rank);
  if (x.shape[at] !== sumDim(sizes)) {
    throw new RangeError(`Split: sizes [${sizes}] along axis ${axis} of ${x}`);
  }
  const parts = sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(at, size) }));
  return x.graph.addMany("Split", [x, x.graph.shapeVector(sizes)], parts, { axis: at });
}

/**
 * Joins values along an axis.
 * @throws Error naming a value whose type or other axes differ from those of the first.
 */
export function concat(values: readonly Value[], axis: number): Value {
  const first = values[0];
  const at = frontAxis("Concat", axis, first.rank);
  if (values.length === 1) return first;
  for (const value of values) {
    const fits = value.dtype === first.dtype && value.rank === first.rank &&
      value.shape.every((dim: Dim, i: number) => i === at || dim === first.shape[i]);
    if (!fits) throw new Error(`Concat along axis ${axis}: ${first} and ${value} do not fit`);
  }
  const shape = first.shape.with(at, sumDim(values.map((v) => v.shape[at])));
  return first.graph.add("Concat", values, first.dtype, shape, { axis: at });
}
