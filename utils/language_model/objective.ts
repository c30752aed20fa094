/**
 * The objective of a language model: token ids → mean cross-entropy, and its gradient.
 *
 *   logits = W_U · LN(blocks(W_E[tokens])),   p = softmax(logits),   loss = −mean_r log p_r[target_r]
 *   rows · ∂loss/∂logits_r = p_r − onehot(target_r)
 *
 * Two exact rearrangements keep the number of passes over activations small.
 *
 *  - A block's LayerNorm weight γ and bias β go into the matrix after it, W(γ ⊙ x̂ + β) + b = (W·diag γ) x̂ + (Wβ + b).
 *    The two LayerNorms of a parallel block then become one normalisation, which is differentiated once.
 *  - The one-hot part of the cotangent touches one row of W_U per token, so it is added row by row to the two products of
 *    the backward pass instead of element by element to a `[tokens, vocabulary]` matrix.
 */
import {
  BATCH,
  block,
  type BlockWeights,
  HookPoints,
  type ModelConfig,
  POS,
  sequenceFeeds,
  sequenceInputs,
} from "../model/mod.ts";
import {
  add,
  expand,
  type Feeds,
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
  sub,
  sum,
  tensor,
  type Value,
} from "../onnx/mod.ts";
import { type BuiltObjective, type NamedValues, type Objective } from "../training/mod.ts";
import { type ModelParameter, modelParameters } from "./parameters.ts";

/** Token ids of a step. */
export interface TokenBatch {
  /** `[rows, context + 1]`, row-major; the last `context` ids of each row are the targets */
  ids: Int32Array;
  /** rows */
  rows: number;
}

/** The smallest normal number of float32. */
const SMALLEST = 2 ** -126;

/**
 * Added to the attention scores of later positions. e^−70 ≈ 4e-31 of the attention is nothing in float32, and ONNX
 * Runtime's softmax takes five times as long for −∞, whose exponential it computes through subnormal numbers.
 */
const MASKED = -70;

/**
 * Returns the objective of a model: the mean negative log-likelihood of the next token in nats, at most 87 per token, where
 * float32 ends.
 * @throws Error for a tied model.
 */
export function languageModelObjective(config: ModelConfig): Objective<TokenBatch> {
  const parameters = modelParameters(config);
  let sequence: { context: number; feeds: Feeds } | undefined;
  return {
    parameters,
    build: (g, tensors) => buildLanguageModel(g, config, parameters, tensors),
    feeds({ ids, rows }) {
      const context = ids.length / rows - 1;
      if (sequence?.context !== context) {
        sequence = { context, feeds: maskedSequence(config, context) };
      }
      const part = (from: number) => {
        const taken = new Int32Array(rows * context);
        for (let row = 0; row < rows; row++) {
          const at = row * (context + 1) + from;
          taken.set(ids.subarray(at, at + context), row * context);
        }
        return tensor(taken, [rows, context]);
      };
      return {
        tokens: part(0),
        targets: part(1),
        inverse_rows: tensor(Float32Array.of(1 / (rows * context)), []),
        ...sequence.feeds,
      };
    },
  };
}

/** Returns mask and rotary tables of a context length; the mask is {@link MASKED} instead of −∞. */
function maskedSequence(config: ModelConfig, context: number): Feeds {
  const feeds = sequenceFeeds(config, context);
  const mask = (feeds.causal_mask.data as Float32Array).map((x) => Math.max(x, MASKED));
  return { ...feeds, causal_mask: tensor(mask, feeds.causal_mask.shape) };
}

/** Inputs: `tokens`, `targets` int32 `[batch, pos]`, `inverse_rows` `[]`, mask and rotary tables. */
function buildLanguageModel(
  g: Graph,
  config: ModelConfig,
  parameters: readonly ModelParameter[],
  tensors: NamedValues,
): BuiltObjective {
  const tokens = g.input("tokens", [BATCH, POS], "int32");
  const targets = g.input("targets", [BATCH, POS], "int32");
  const units: Record<string, Record<string, Value>> = {};
  for (const { unit, feed, name } of parameters) (units[unit] ??= {})[feed] = tensors[name];
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
    residual = block(residual, layer, { config, sequence, hooks: new HookPoints({}) }).residual;
  }
  const { ln_f_w, ln_f_b, W_U } = units.unembed;
  const normalized = layerNorm(residual, ln_f_w, ln_f_b, config.layerNormEps).output;
  const x = reshape(normalized, [rows, d]);
  const p = softmax(gemm(x, W_U, false, true));
  const ids = expand(reshape(targets, [rows, 1]), [rows, d]);
  const right = max(gatherElements(p, reshape(targets, [rows, 1]), 1), SMALLEST);

  const dX = sub(gemm(p, W_U), gather(W_U, reshape(targets, [rows])));
  const dW_U = scatterAdd(gemm(p, x, true), ids, neg(x), 0);
  const wrt = parameters.map(({ name }) => tensors[name]);
  const found = gradients([x, W_U], [dX, dW_U], wrt);
  return {
    loss: neg(mean(log(right), [0, 1])),
    gradients: Object.fromEntries(parameters.map(({ name }, i) => [name, found[i]])),
    gradientFactor: g.input("inverse_rows", []),
  };
}

/** Returns weight `[out, in]` and bias `[out]` of a linear map with weight and bias of the LayerNorm before it folded in. */
function folded(w: Value, b: Value, norm_w: Value, norm_b: Value): [Value, Value] {
  return [mul(w, norm_w), add(b, sum(mul(w, norm_b), [1]))];
}
