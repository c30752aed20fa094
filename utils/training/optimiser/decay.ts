/**
 * Decoupled weight decay (Loshchilov & Hutter 2019): u ← u + λ w, with a λ for each parameter. It comes after Adam and
 * before the learning rate, which multiplies it, as in PyTorch's AdamW.
 */
import { mul } from "../../onnx/mod.ts";
import type { TensorSpec } from "../parameters.ts";
import type { OptimiserPart } from "./part.ts";

/**
 * Adds `λ · parameter` to updates.
 * @param lambda the decay of a parameter; 0 leaves it out
 */
export function decayWeights(lambda: (spec: TensorSpec) => number): OptimiserPart {
  return {
    apply: ({ specs, parameters, updates }) => ({
      updates: updates.map((update, i) => {
        const decay = lambda(specs[i]);
        return decay === 0 ? update : [...update, { value: mul(parameters[i], decay) }];
      }),
    }),
  };
}
