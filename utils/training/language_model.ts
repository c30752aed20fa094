/**
 * The training graph of a language model: token ids → mean cross-entropy, and its gradient with respect to the vector of
 * parameters.
 *
 *   logits = W_U · LN(blocks(W_E[tokens])),   loss = −mean_r log softmax(logits_r)[target_r]
 *   ∂loss/∂logits_r = (softmax(logits_r) − onehot(target_r)) / rows
 *
 * The vector is split into tensors at the start, so the gradient rule of Split puts the gradients back into one vector.
 */
import type { ModelConfig } from "../model/config.ts";
import { block, type BlockWeights } from "../model/block.ts";
import { BATCH, HookPoints, POS } from "../model/hooks.ts";
import { sequenceInputs } from "../model/sequence.ts";
import {
  exp,
  expand,
  gatherElements,
  gradients,
  type Graph,
  layerNorm,
  linear,
  logSoftmax,
  mean,
  mul,
  neg,
  productDim,
  reshape,
  scatterAdd,
  split,
  type Value,
} from "../onnx/mod.ts";
import type { ParameterLayout } from "./parameters.ts";

/** Values of the training graph. Inputs: `tokens`, `targets` int32 `[batch, pos]`, `weights` `[size]`, and masks. */
export interface LanguageModel {
  weights: Value;
  /** mean negative log-likelihood in nats, `[]` */
  loss: Value;
  /** ∂loss/∂weights · rows, `[size]`: divide by the number of targets for the gradient of the mean */
  gradient(): Value;
}

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

  const sequence = sequenceInputs(g, config, false);
  let residual = embed(units.embed.W_E, tokens, config);
  for (let l = 0; l < config.nLayers; l++) {
    const layer = units[l] as unknown as BlockWeights;
    residual = block(residual, layer, sequence, config, new HookPoints({})).residual;
  }
  const { ln_f_w, ln_f_b, W_U } = units.unembed;
  const rows = productDim([BATCH, POS]);
  const normalized = layerNorm(residual, ln_f_w, ln_f_b, config.layerNormEps).output;
  const logits = linear(reshape(normalized, [rows, config.dModel]), W_U, true);
  const logProbabilities = logSoftmax(logits);
  const ids = reshape(targets, [rows, 1]);
  const loss = neg(mean(gatherElements(logProbabilities, ids, 1), [0, 1]));

  return {
    weights,
    loss,
    gradient() {
      const minusOne = expand(g.constant(-1, []), [rows, 1]);
      const dLogits = scatterAdd(exp(logProbabilities), ids, minusOne, 1);
      return gradients([logits], [dLogits], [weights])[0];
    },
  };
}

/**
 * Rows of the embedding, by elements rather than whole rows: the gradient then adds up with ScatterElements, which runs
 * on one thread. ScatterND, the gradient of a row-wise Gather, adds rows from several threads at once and loses some of
 * those that meet at the same token.
 */
function embed(W_E: Value, tokens: Value, { dModel }: ModelConfig): Value {
  const rows = productDim([BATCH, POS]);
  const ids = expand(reshape(tokens, [rows, 1]), [rows, dModel]);
  return reshape(gatherElements(W_E, ids, 0), [BATCH, POS, dModel]);
}

/** The gradient of the mean loss. @param inverseRows 1 / number of targets, `[]` */
export const meanGradient = (model: LanguageModel, inverseRows: Value): Value =>
  mul(model.gradient(), inverseRows);
