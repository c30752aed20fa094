/**
 * How far an output ŷ is from its target y, as `Σ w (ŷ − y)²` over rows and widths, with a weight w that the target
 * decides:
 *
 *   relative   w = 1/(‖y_row‖₂ · rows · d_out)   transcoder_circuits: the mean of the squares, divided by the row's norm
 *   squared    w = 1/rows                        SAELens: summed over the width, mean over rows
 *   fvu        w = 1/Σ(y − ȳ)²                   sparsify: fraction of variance unexplained, ȳ the batch's mean
 *
 * A row whose target is 0 has no norm to be divided by and does not count in `relative`; the original divides by 0.
 */
import {
  div,
  greater,
  mean,
  mul,
  reciprocal,
  sqrt,
  sub,
  sum,
  type Value,
  where,
} from "../../../onnx/mod.ts";

/** Kind of reconstruction loss. */
export type Reconstruction = "relative" | "squared" | "fvu";

/** Returns the weight of a squared difference, `[rows, 1]` or `[]`, of a target `y` `[rows, d_out]`. */
export function weightOf(kind: Reconstruction, y: Value): Value {
  const [rows, width] = y.shape as number[];
  switch (kind) {
    case "relative": {
      const norms = sqrt(sum(mul(y, y), [1], true));
      return where(greater(norms, 0), div(1 / (rows * width), norms), 0);
    }
    case "squared":
      return y.graph.constant(1 / rows);
    case "fvu":
      return reciprocal(varianceOf(y));
  }
}

/** Returns the sum of squared deviations from the batch's mean, `[]`. */
export function varianceOf(y: Value): Value {
  const centred = sub(y, mean(y, [0], true));
  return sum(mul(centred, centred), [0, 1]);
}
