/**
 * AdamW (Loshchilov & Hutter 2019) with clipping by the global norm (Pascanu et al. 2013), on one vector:
 *
 *   norm = ‖g‖₂,  g ← g · min(1, clip / norm)
 *   m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
 *   w ← w − η (m̂ / (√v̂ + ε) + λ · decay ⊙ w),   m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ),  t = 1, 2, …
 *
 * The scalars that change from step to step are inputs (`optimiserFeeds`).
 */
import {
  add,
  div,
  type Feeds,
  type Graph,
  min,
  mul,
  sqrt,
  sub,
  sum,
  tensor,
  type Value,
} from "../onnx/mod.ts";

/** Settings of the optimiser that do not change over training. */
export interface AdamWSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** λ; multiplied by the learning rate, as in PyTorch */
  weightDecay: number;
  /** largest global norm of a gradient */
  clip: number;
}

/** What one step makes of weights and moments. */
export interface AdamWStep {
  weights: Value;
  m: Value;
  v: Value;
  /** norm of the gradient before clipping, `[]` */
  norm: Value;
}

/**
 * Adds one step to the graph. Scalar factors are multiplied with each other first, so that the vector is passed over as
 * seldom as may be. Inputs it declares: `m`, `v` `[size]`, `rate`, `correction1`, `correction2` `[]`.
 * @param scale the gradient is `scale · gradient`, `[]`
 */
export function adamWStep(
  g: Graph,
  weights: Value,
  gradient: Value,
  decay: Float32Array,
  settings: AdamWSettings,
  scale: Value = g.constant(1),
): AdamWStep {
  const { beta1, beta2, epsilon, weightDecay, clip } = settings;
  const scalar = (name: string) => g.input(name, []);
  const m = g.input("m", weights.shape);
  const v = g.input("v", weights.shape);
  const squares = mul(gradient, gradient);
  const norm = mul(sqrt(sum(squares, [0])), scale);
  const factor = mul(min(div(clip, add(norm, 1e-12)), 1), scale);
  const nextM = add(mul(m, beta1), mul(gradient, mul(factor, 1 - beta1)));
  const nextV = add(mul(v, beta2), mul(squares, mul(mul(factor, factor), 1 - beta2)));
  // m̂ / (√v̂ + ε) = (c₁/√c₂) · m / (√v + ε/√c₂) with the corrections c
  const root = sqrt(scalar("correction2"));
  const direction = div(nextM, add(sqrt(nextV), div(epsilon, root)));
  const rate = scalar("rate");
  const length = mul(rate, div(scalar("correction1"), root));
  const decayed = mul(weights, g.constant(decay.map((x) => x * weightDecay), [decay.length]));
  const next = sub(weights, add(mul(direction, length), mul(decayed, rate)));
  return { weights: next, m: nextM, v: nextV, norm };
}

/** The scalar inputs of step `t` ≥ 1: learning rate η and the bias corrections 1 / (1 − βᵗ). */
export function optimiserFeeds(t: number, rate: number, settings: AdamWSettings): Feeds {
  const scalar = (x: number) => tensor(Float32Array.of(x), []);
  return {
    rate: scalar(rate),
    correction1: scalar(1 / (1 - settings.beta1 ** t)),
    correction2: scalar(1 / (1 - settings.beta2 ** t)),
  };
}
