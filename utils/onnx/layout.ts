/** Operators that move elements without computing: reshape, transpose, slice, concatenate, gather, scatter. */
import type { Dim, Shape, Value } from "./graph.ts";
import { frontAxis, sameShape, sumDim } from "./shapes.ts";

/**
 * The same elements in another shape. Symbolic sizes are taken from the run: a dimension kept in its place is copied,
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

export function transpose(x: Value, perm: readonly number[]): Value {
  if (perm.length !== x.rank) throw new Error(`Transpose: permutation [${perm}] of ${x}`);
  if (perm.every((p, i) => p === i)) return x;
  return x.graph.add("Transpose", [x], x.dtype, perm.map((p) => x.shape[p]), { perm: [...perm] });
}

/** Exchanges the last two axes; twice gives the value itself. */
export function swapLast(x: Value): Value {
  const perm = x.shape.map((_, i) => i);
  perm.splice(-2, 2, x.rank - 1, x.rank - 2);
  const exchanged = x.node?.op === "Transpose" && String(x.node.attributes.perm) === String(perm);
  return exchanged ? x.node!.inputs[0] : transpose(x, perm);
}

export function expand(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  return x.graph.add("Expand", [x, x.graph.shapeVector(shape)], x.dtype, shape);
}

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

/** Elements `start … end−1` along one axis of known length. */
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

/** Cuts an axis into parts of the given lengths, of which some may be symbolic, e.g. `["past", "pos"]`. */
export function split(x: Value, axis: number, sizes: Shape): Value[] {
  const at = frontAxis("Split", axis, x.rank);
  if (x.shape[at] !== sumDim(sizes)) {
    throw new RangeError(`Split: sizes [${sizes}] along axis ${axis} of ${x}`);
  }
  const parts = sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(at, size) }));
  return x.graph.addMany("Split", [x, x.graph.shapeVector(sizes)], parts, { axis: at });
}

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

/** Rows of `x` along `axis` at integer `indices` (any shape): the axis is replaced by the shape of the indices. */
export function gather(x: Value, indices: Value, axis = 0): Value {
  const at = frontAxis("Gather", axis, x.rank);
  const shape = x.shape.toSpliced(at, 1, ...indices.shape);
  return x.graph.add("Gather", [x, indices], x.dtype, shape, { axis: at });
}

/** The first element, `[1]`, of a value of known shape: a result that costs nothing to hand over. */
export function firstElement(x: Value): Value {
  const size = (x.shape as number[]).reduce((a, b) => a * b, 1);
  return gather(reshape(x, [size]), x.graph.constant([0], [1], "int64"));
}

/** `out[i…j…] = x[i…indices[i…j…]…]` along `axis`; shapes agree elsewhere. */
export function gatherElements(x: Value, indices: Value, axis: number): Value {
  const at = frontAxis("GatherElements", axis, x.rank);
  return x.graph.add("GatherElements", [x, indices], x.dtype, indices.shape, { axis: at });
}

/** Adds `updates` into a copy of `data` at `indices` along `axis`; equal indices accumulate. */
export function scatterAdd(data: Value, indices: Value, updates: Value, axis: number): Value {
  const at = frontAxis("ScatterElements", axis, data.rank);
  const attributes = { axis: at, reduction: "add" };
  return data.graph.add(
    "ScatterElements",
    [data, indices, updates],
    data.dtype,
    data.shape,
    attributes,
  );
}
