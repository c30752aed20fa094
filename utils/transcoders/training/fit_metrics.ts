/**
 * How far the outputs ŷ of a batch are from its targets y, with e_r = ‖ŷ_r − y_r‖² for row r, ȳ the mean of the batch and
 * V = Σ_r ‖y_r − ȳ‖²:
 *
 *   fvu                            Σ e_r / V
 *   explained_variance             1 − fvu, the mean over rows of 1 − rows · e_r / V
 *   explained_variance_std         the standard deviation of that over rows
 *   explained_variance_uncentred   1 − Σ e_r / Σ ‖y_r‖²
 *   l2_norm                        mean of ‖ŷ_r‖
 *   l2_ratio                       mean of ‖ŷ_r‖ / mean of ‖y_r‖
 *
 * transcoder_circuits compares with the *input* of a transcoder, and does not centre; these are the corrected forms.
 */
import { div, mean, mul, sqrt, sub, sum, type Value } from "../../onnx/mod.ts";
import type { NamedValues } from "../../training/mod.ts";
import { varianceOf } from "./losses/mod.ts";

/** Returns the numbers, `[]` each, for `output`, `target` and `error` = output − target, `[rows, d_out]` each. */
export function fitMetrics(output: Value, target: Value, error: Value): NamedValues {
  const rows = target.shape[0] as number;
  const squares = (x: Value) => sum(mul(x, x), [1]);
  const errors = squares(error), energies = squares(target);
  const variance = varianceOf(target);
  const fvu = div(sum(errors, [0]), variance);
  const shares = mul(div(errors, variance), rows);
  const deviations = sub(shares, fvu);
  const norm = mean(sqrt(squares(output)), [0]);
  return {
    fvu,
    explained_variance: sub(1, fvu),
    explained_variance_std: sqrt(mean(mul(deviations, deviations), [0])),
    explained_variance_uncentred: sub(1, div(sum(errors, [0]), sum(energies, [0]))),
    l2_norm: norm,
    l2_ratio: div(norm, mean(sqrt(energies), [0])),
  };
}
