/** Operators that make an axis shorter: sum, mean, maximum, the k largest. */
import type { Dim, Value } from "../graph.ts";
import { frontAxis } from "../shapes.ts";

function reduce(op: string, x: Value, axes: readonly number[], keep: boolean): Value {
  const at = axes.map((axis) => frontAxis(op, axis, x.rank)).sort((a, b) => a - b);
  const shape: Dim[] = keep
    ? x.shape.map((dim, i) => at.includes(i) ? 1 : dim)
    : x.shape.filter((_, i) => !at.includes(i));
  const inputs = [x, x.graph.constant(at, [at.length], "int64")];
  return x.graph.add(op, inputs, x.dtype, shape, { keepdims: Number(keep) });
}

/** Returns the sum over axes; `keep` leaves them with length 1. */
export const sum = (x: Value, axes: readonly number[], keep = false): Value =>
  reduce("ReduceSum", x, axes, keep);
/** Returns the mean over axes; `keep` leaves them with length 1. Differentiable for axes of known length. */
export const mean = (x: Value, axes: readonly number[], keep = false): Value =>
  reduce("ReduceMean", x, axes, keep);
/** Returns the maximum over axes; `keep` leaves them with length 1. Equal elements share its gradient evenly. */
export const maximum = (x: Value, axes: readonly number[], keep = false): Value =>
  reduce("ReduceMax", x, axes, keep);

/** The elements that `topK` chose. */
export interface TopK {
  /** the chosen elements, best first: the shape of the input with `k` along the axis */
  values: Value;
  /** their places along the axis, int64, the shape of `values` */
  indices: Value;
}

/**
 * Chooses the `k` largest (or smallest) elements along an axis. Of equal elements the one at the lower index comes first;
 * where they compete for the last place, it wins (ONNX's TopK). The gradient of a value goes to the element chosen; the
 * choice itself does not have one.
 * @throws RangeError when `k` is not a whole number between 1 and the length of the axis.
 * @example
 * ```ts
 * import { Graph, Session, tensor, topK } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const x = new Graph().input("x", ["rows", 4]);
 * const { values, indices } = topK(x, 2);
 * const session = await Session.compile({ values, indices });
 * const out = await session.run({ x: tensor(Float32Array.of(3, 9, 1, 9), [1, 4]) });
 * assertEquals([...out.values.data], [9, 9]);
 * assertEquals(Array.from(out.indices.data, Number), [1, 3]);
 * await session.release();
 * ```
 */
export function topK(
  x: Value,
  k: number | Value,
  { axis = -1, largest = true }: { axis?: number; largest?: boolean } = {},
): TopK {
  const at = frontAxis("TopK", axis, x.rank);
  const length = x.shape[at];
  const fixed = typeof k === "number";
  if (fixed && (!Number.isInteger(k) || k < 1 || typeof length === "number" && k > length)) {
    throw new RangeError(`TopK: ${k} elements along axis ${axis} of ${x}`);
  }
  const shape = x.shape.with(at, fixed ? k : "k");
  const [values, indices] = x.graph.addMany(
    "TopK",
    [x, fixed ? x.graph.constant([k], [1], "int64") : k],
    [{ dtype: x.dtype, shape }, { dtype: "int64", shape }],
    { axis: at, largest: Number(largest), sorted: 1 },
  );
  return { values, indices };
}
