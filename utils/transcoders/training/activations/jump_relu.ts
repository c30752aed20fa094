/**
 * JumpReLU (Rajamanoharan et al. 2024) and the step that counts its active features. Their derivatives by the threshold
 * are zero almost everywhere, so each has a rule of its own: a rectangle of width `b` around the threshold stands for the
 * Dirac impulse.
 *
 *   a = pre·[pre > θ]      da/dpre = [pre > θ]      da/dθ = −(θ/b)·[|pre − θ| < b/2]
 *   s = [pre > θ]          ds/dpre = 0              ds/dθ = −(1/b)·[|pre − θ| < b/2]
 */
import {
  abs,
  cast,
  div,
  greater,
  less,
  mul,
  neg,
  sub,
  type Value,
  where,
  withGradient,
} from "../../../onnx/mod.ts";

/**
 * Returns the activations.
 * @param pre pre-activations
 * @param threshold θ, in a shape that broadcasts to that of `pre`
 * @param bandwidth b
 */
export function jumpRelu(pre: Value, threshold: Value, bandwidth: number): Value {
  const active = greater(pre, threshold);
  return withGradient(where(active, pre, 0), [pre, threshold], (g) => [
    where(active, g, 0),
    neg(mul(g, mul(near(pre, threshold, bandwidth), div(threshold, bandwidth)))),
  ]);
}

/** Returns 1 where a pre-activation exceeds its threshold, and 0 elsewhere; only the threshold has a gradient. */
export function stepOver(pre: Value, threshold: Value, bandwidth: number): Value {
  return withGradient(cast(greater(pre, threshold), pre.dtype), [threshold], (g) => [
    neg(mul(g, mul(near(pre, threshold, bandwidth), 1 / bandwidth))),
  ]);
}

/** The rectangle: 1 closer than b/2 to the threshold, 0 elsewhere. */
function near(pre: Value, threshold: Value, bandwidth: number): Value {
  return cast(less(abs(sub(pre, threshold)), bandwidth / 2), pre.dtype);
}
