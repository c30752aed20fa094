/**
 * The training graph of a language model: token ids → mean cross-entropy, and its gradient with respect to the vector of
 * parameters.
 *
 *   logits = W_U · LN(blocks(W_E[tokens])),   p = softmax(logits),   loss = −mean_r log p_r[target_r]
 *   rows · ∂loss/∂logits_r = p_r − onehot(target_r)
 *
 * Two rearrangements keep passes over activations few; both are exact.
 *
 *  - A block's LayerNorm weight γ and bias β go into the matrix behind, W(γ ⊙ x̂ + β) + b = (W·diag γ) x̂ + (Wβ + b).
 *    What is left of the two LayerNorms of a parallel block is one normalisation, differentiated once.
 *  - The one-hot part of the cotangent touches one row of W_U per token, so it is added row by row to the two products of
 *    the backward pass instead of element by element to a `[tokens, vocabulary]` matrix.
 *
 * The vector is split into tensors at the start, so the gradient rule of Split puts the gradients back into one vector.
 */
import type { ModelConfig } from "../model/config.ts";
import { block } from "../model/blocks/block.ts";
import { type BlockWeights } from "../model/blocks/block_weights.ts";
import { BATCH, HookPoints, POS } from "../model/blocks/hooks.ts";
import { sequenceInputs } from "../model/blocks/sequence.ts";
import {
  add,
  expand,
  gather,
  gatherElements,
  gemm,
  gradients,
  type Graph,
  layerNorm,
  log,
  max,
  mean,
  mul,
  neg,
  productDim,
  reshape,
  scatterAdd,
  softmax,
  split,
  sub,
  sum,
  type Value,
} from "../onnx/mod.ts";
import type { ParameterLayout } from "./parameters.ts";

/** Values of the training graph. Inputs: `tokens`, `targets` int32 `[batch, pos]`, `weights` `[size]`, and masks. */
export interface LanguageModel {
  weights: Value;
  /** mean negative log-likelihood in nats, `[]`; at most 87 per token, where float32 ends */
  loss: Value;
  /** ∂loss/∂weights · rows, `[size]`: divide by the number of targets for the gradient of the mean */
  gradient(): Value;
}

/** The smallest normal number of float32. */
const SMALLEST = 2 ** -126;

/** Builds the forward graph; `gradient()` adds the backward graph to it. */
export function languageModel(
  g: Graph,
  config: ModelConfig,
  layout: ParameterLayout,
): LanguageModel {
  const tokens = g.input("tokens", [BATCH, POS], "int32");
  const targets = g.input("targets", [BATCH, POS], "int32");
  const weights = g.input("weights", [layout.size]);
  const tensors = split(weights, 0, layout.parameters.map((p) => p.size));
  const units: Record<string, Record<string, Value>> = {};
  layout.parameters.forEach(({ unit, feed, shape }, i) => {
    (units[unit] ??= {})[feed] = reshape(tensors[i], shape);
  });
  const d = config.dModel;
  const plain = {
    weight: g.constant(new Float32Array(d).fill(1), [d]),
    bias: g.constant(new Float32Array(d), [d]),
  };

  const sequence = sequenceInputs(g, config, false);
  const rows = productDim([BATCH, POS]);
  let residual = gather(units.embed.W_E, tokens);
  for (let l = 0; l < config.nLayers; l++) {
    const w = units[l] as unknown as BlockWeights;
    const [qkv_w, qkv_b] = folded(w.qkv_w, w.qkv_b, w.ln1_w, w.ln1_b);
    const [in_w, in_b] = folded(w.in_w, w.in_b, w.ln2_w, w.ln2_b);
    const norms = {
      ln1_w: plain.weight,
      ln1_b: plain.bias,
      ln2_w: plain.weight,
      ln2_b: plain.bias,
    };
    const layer = { ...w, ...norms, qkv_w, qkv_b, in_w, in_b };
    const hooks = new HookPoints({});
    residual = block(residual, layer, { config, sequence, hooks }).residual;
  }
  const { ln_f_w, ln_f_b, W_U } = units.unembed;
  const normalized = layerNorm(residual, ln_f_w, ln_f_b, config.layerNormEps).output;
  const x = reshape(normalized, [rows, d]);
  const p = softmax(gemm(x, W_U, false, true));
  const ids = expand(reshape(targets, [rows, 1]), [rows, d]);
  const right = max(gatherElements(p, reshape(targets, [rows, 1]), 1), SMALLEST);

  return {
    weights,
    loss: neg(mean(log(right), [0, 1])),
    gradient() {
      const dX = sub(gemm(p, W_U), gather(W_U, reshape(targets, [rows])));
      const dW_U = scatterAdd(gemm(p, x, true), ids, neg(x), 0);
      return gradients([x, W_U], [dX, dW_U], [weights])[0];
    },
  };
}

/** Weight `[out, in]` and bias `[out]` of a linear map with the weight and bias of the LayerNorm before it in them. */
function folded(w: Value, b: Value, norm_w: Value, norm_b: Value): [Value, Value] {
  return [mul(w, norm_w), add(b, sum(mul(w, norm_b), [1]))];
}
