/**
 * Decoupled weight decay (Loshchilov & Hutter 2019): u ← u + λ w, with a λ for each parameter. It comes after Adam and
 * before the learning rate, which multiplies it, as in PyTorch's AdamW.
 */
import { concat, expand, type Graph, mul, type Value } from "../../onnx/mod.ts";
import type { Block } from "../blocks.ts";
import type { TensorSpec } from "../parameters.ts";
import type { OptimiserPart } from "./part.ts";

/**
 * Adds `λ · parameter` to updates.
 * @param lambda the decay of a parameter; 0 for none
 */
export function decayWeights(lambda: (spec: TensorSpec) => number): OptimiserPart {
  return {
    apply: ({ graph, blocks, parameters, updates }) => ({
      updates: updates.map((update, i) => {
        const decay = decayOf(graph, blocks[i], lambda);
        return decay === 0 ? update : [...update, { value: mul(parameters[i], decay) }];
      }),
    }),
  };
}

/** Returns one λ, or λ by element as an expression that the model holds a scalar per tensor of. */
function decayOf(
  g: Graph,
  { tensors }: Block,
  lambda: (spec: TensorSpec) => number,
): number | Value {
  const decays = tensors.map(lambda);
  if (decays.every((decay) => decay === decays[0])) return decays[0];
  return concat(tensors.map(({ size }, j) => expand(g.constant(decays[j], [1]), [size])), 0);
}
