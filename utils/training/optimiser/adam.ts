/**
 * Adam (Kingma & Ba 2015):
 *
 *   m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
 *   u = m̂ / (√v̂ + ε),   m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ),  t = 1, 2, …
 *
 * The corrections are scalars: u = (c₁/√c₂) · m / (√v + ε/√c₂) with c₁ = 1/(1 − β₁ᵗ), c₂ = 1/(1 − β₂ᵗ).
 */
import { add, div, mul, sqrt } from "../../onnx/mod.ts";
import { oneTerm, type OptimiserPart, type Term, times } from "./part.ts";

/** Settings of Adam. */
export interface AdamSettings {
  /** decay of the first moment */
  beta1: number;
  /** decay of the second moment */
  beta2: number;
  /** added to the root of the second moment */
  epsilon: number;
}

/** Scales updates by Adam's moments; slots `m` and `v`. */
export function scaleByAdam({ beta1, beta2, epsilon }: AdamSettings): OptimiserPart {
  return {
    slots: ["m", "v"],
    scalars: (t) => ({ correction1: 1 / (1 - beta1 ** t), correction2: 1 / (1 - beta2 ** t) }),
    apply({ graph, updates, slots, scalars }) {
      const root = sqrt(scalars.correction2);
      const offset = div(epsilon, root);
      const length = div(scalars.correction1, root);
      const gradients = updates.map(oneTerm);
      const share = (beta: number, factor: Term["factor"]) =>
        factor ? mul(factor, 1 - beta) : graph.constant(1 - beta);
      const m = gradients.map(({ value, factor }, i) =>
        add(mul(slots.m[i], beta1), mul(value, share(beta1, factor)))
      );
      const v = gradients.map(({ value, factor }, i) =>
        add(mul(slots.v[i], beta2), mul(mul(value, value), share(beta2, times(factor, factor))))
      );
      return {
        updates: m.map((m, i) => [{ value: div(m, add(sqrt(v[i]), offset)), factor: length }]),
        slots: { m, v },
      };
    },
  };
}
