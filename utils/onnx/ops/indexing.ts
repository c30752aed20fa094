/** Operators that take elements at indices, and put them back: gather and scatter. */
import type { Value } from "../graph.ts";
import { frontAxis } from "../shapes.ts";
import { reshape } from "./layout.ts";

/**
 * Takes what is at integer `indices` (any shape) along `axis`: the shape of the indices replaces the axis. Negative indices
 * count from the end. The gradient adds into a tensor of the shape of `x`, on one thread.
 */
export function gather(x: Value, indices: Value, axis = 0): Value {
  const at = frontAxis("Gather", axis, x.rank);
  const shape = x.shape.toSpliced(at, 1, ...indices.shape);
  return x.graph.add("Gather", [x, indices], x.dtype, shape, { axis: at });
}

/** Returns the first element, `[1]`, of a value of known shape: a result that costs nothing to hand over. */
export function firstElement(x: Value): Value {
  const size = (x.shape as number[]).reduce((a, b) => a * b, 1);
  return gather(reshape(x, [size]), x.graph.constant([0], [1], "int64"));
}

/** Takes one element for each index: `out[i, j] = x[i, indices[i, j]]` along axis 1, say. Other axes agree. */
export function gatherElements(x: Value, indices: Value, axis: number): Value {
  const at = frontAxis("GatherElements", axis, x.rank);
  return x.graph.add("GatherElements", [x, indices], x.dtype, indices.shape, { axis: at });
}

/**
 * Adds `updates` into a copy of `data`: `out[i, indices[i, j]] += updates[i, j]` along axis 1, say. Repeated indices add up.
 * ScatterElements runs on one thread, so the order of additions, and with it the bits, are the same in every run.
 */
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

/**
 * Returns the places where a condition holds, int64 `[rank, places]`, in the order of the elements; their number is known
 * to the run alone. Nothing can be expanded to that number.
 * @throws Error when the condition is not bool.
 */
export function nonZero(condition: Value): Value {
  if (condition.dtype !== "bool") throw new Error(`NonZero: expected bool, found ${condition}`);
  const shape = [condition.rank, `places of ${condition.name}`];
  return condition.graph.add("NonZero", [condition], "int64", shape);
}
