/** The largest values of the last axis (ONNX's TopK). */
import type { Value } from "./mod.ts";

/** The `k` largest values along the last axis, descending: `[…, n]` → `[…, k]`. */
export function largest(x: Value, k: number): Value {
  const shape = [...x.shape.slice(0, -1), k];
  const [values] = x.graph.addMany(
    "TopK",
    [x, x.graph.constant([k], [1], "int64")],
    [{ dtype: x.dtype, shape }, { dtype: "int64", shape }],
    { axis: -1, largest: 1, sorted: 1 },
  );
  return values;
}
