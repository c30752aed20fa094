/**
 * Processes weights as TransformerLens does: other parametrisations of the same function, in which head-level
 * quantities (direct logit attribution, copy scores, CSPA) are usually measured.
 *
 *  fold LayerNorm           W ← W·diag(γ), b ← b + W·β for the maps that read a LayerNorm; γ ← 1, β ← 0
 *  centre writing weights   W_E, W_pos, W_O, W_out and their biases lose their mean over the residual stream, which
 *                           every LayerNorm subtracts anyway
 *  centre unembedding       W_U and b_U lose their mean over the vocabulary (logits shift by a constant per row)
 *  fold value biases        b_O ← b_O + Σ_h b_V[h]·W_O[h], b_V ← 0, because each row of the pattern sums to 1
 *
 * An RMSNorm subtracts no mean, so a model that has them keeps its writing weights as they are, and only its gains fold.
 * Norms after attention and MLP stay. Capped logits stay uncentred. TransformerLens does the same.
 *
 * The steps form a small graph over one unit's weights, which runs once when the unit is loaded.
 */
import {
  add,
  concat,
  defineProgram,
  expand,
  gemm,
  Graph,
  linear,
  mean,
  mul,
  reshape,
  Session,
  type SessionOptions,
  split,
  sub,
  type Value,
} from "../../onnx/mod.ts";
import {
  blockWeightShapes,
  declareWeights,
  isRms,
  storedOutIn,
  ungrouped,
  weightFeed,
  type WeightUnit,
} from "../blocks/mod.ts";
import type { ModelConfig } from "../config.ts";
import type { Runtime } from "../runtime.ts";
import type { UnitTransform } from "./weight_store.ts";

/** Selects the steps of processing. */
export interface WeightProcessing {
  /** Folds each LayerNorm's scale and bias into the maps that read it. */
  foldLayerNorm?: boolean;
  /** Subtracts the mean over the residual stream from weights and biases that write to it. */
  centerWritingWeights?: boolean;
  /** Subtracts the mean over the vocabulary from the unembedding and its bias. */
  centerUnembed?: boolean;
  /** Moves the value biases into the output bias of attention. */
  foldValueBiases?: boolean;
}

/** All four steps, TransformerLens' default for analysing heads. */
export const FOLDED: WeightProcessing = {
  foldLayerNorm: true,
  centerWritingWeights: true,
  centerUnembed: true,
  foldValueBiases: true,
};

type Processed = (
  g: Graph,
  config: ModelConfig,
  processing: WeightProcessing,
) => Record<string, Value>;

const programOf = (kind: string, outputs: Processed) =>
  defineProgram(
    `process ${kind}`,
    (config: ModelConfig, processing: WeightProcessing, options: SessionOptions) =>
      Session.compile(outputs(new Graph(), config, processing), {}, options),
  );

/** The programs that process each kind of unit. */
const PROGRAMS = {
  embed: programOf("embed", processEmbed),
  layer: programOf("layer", processLayer),
  unembed: programOf("unembed", processUnembed),
};

/** Makes the transform that a {@link WeightStore} applies to each unit after reading it. */
export function weightProcessor(
  config: ModelConfig,
  processing: WeightProcessing,
  runtime: Runtime,
): UnitTransform {
  return async (unit, weights) => {
    const kind = unit === "embed" || unit === "unembed" ? unit : "layer";
    const session = await PROGRAMS[kind](runtime, config, processing);
    const feeds = kind === "layer"
      ? Object.fromEntries(Object.entries(weights).map(([n, t]) => [weightFeed(0, n), t]))
      : weights;
    return await session.run(feeds) as WeightUnit;
  };
}

function processLayer(g: Graph, config: ModelConfig, processing: WeightProcessing) {
  const w = declareWeights(g, config, 0);
  const outIn = storedOutIn(config);
  const zero = (x: Value) => mul(x, 0);
  /** Scales the input side of a stored weight. */
  const scaleInput = (weight: Value, by: Value) =>
    mul(weight, outIn ? by : reshape(by, [config.dModel, 1]));
  /** Computes `v·W` for a vector over the input side. */
  const through = (v: Value, weight: Value) =>
    reshape(linear(reshape(v, [1, v.shape[0]]), weight, outIn), [
      outIn ? weight.shape[0] : weight.shape[1],
    ]);
  if (processing.foldLayerNorm && config.llama?.preNorm !== false) {
    if (w.gate_w) w.gate_w = scaleInput(w.gate_w, w.ln2_w);
    for (const [norm, map] of [["ln1", "qkv"], ["ln2", "in"]] as const) {
      const [gamma, beta] = [w[`${norm}_w`], w[`${norm}_b`]];
      w[`${map}_b`] = add(w[`${map}_b`], through(beta, w[`${map}_w`]));
      w[`${map}_w`] = scaleInput(w[`${map}_w`], gamma);
      w[`${norm}_w`] = add(zero(gamma), 1);
      w[`${norm}_b`] = zero(beta);
    }
  }
  if (processing.centerWritingWeights && !isRms(config)) {
    for (const map of ["o", "out"] as const) {
      const axis = outIn ? 0 : 1;
      w[`${map}_w`] = sub(w[`${map}_w`], mean(w[`${map}_w`], [axis], true));
      w[`${map}_b`] = sub(w[`${map}_b`], mean(w[`${map}_b`], [0], true));
    }
  }
  if (processing.foldValueBiases) {
    const [keep, value] = config.llama
      ? groupedValueBias(w.qkv_b, config)
      : valueBias(w.qkv_b, config);
    w.o_b = add(w.o_b, through(value, w.o_w));
    w.qkv_b = keep;
  }
  return Object.fromEntries(
    Object.keys(blockWeightShapes(config)).map((name) => [name, w[name as keyof typeof w]!]),
  );
}

/** Does the same as {@link valueBias} where heads share values; the value biases are those of every query head. */
function groupedValueBias(packed: Value, config: ModelConfig) {
  const { nHeads: H, dHead: e } = config, K = config.llama!.nKvHeads;
  const [others, values] = split(packed, 0, [(H + K) * e, K * e]);
  const keep = concat([others, mul(values, 0)], 0);
  return [keep, reshape(ungrouped(reshape(values, [K, e]), 0, config), [H * e])];
}

/** Returns the packed bias `[3d]` with value biases zeroed, and the value biases `[d]`. */
function valueBias(packed: Value, { nHeads: H, dHead: e, dModel: d, architecture }: ModelConfig) {
  const neox = architecture === "gpt_neox";
  const axis = neox ? 1 : 0;
  const parts = split(reshape(packed, neox ? [H, 3, e] : [3, H, e]), axis, [2, 1]);
  const zeros = expand(packed.graph.constant(0, []), parts[1].shape);
  const keep = reshape(concat([parts[0], zeros], axis), [3 * d]);
  return [keep, reshape(parts[1], [d])];
}

function processEmbed(g: Graph, config: ModelConfig, processing: WeightProcessing) {
  const outputs: Record<string, Value> = {};
  const centers = processing.centerWritingWeights && !isRms(config);
  const center = (x: Value) => centers ? sub(x, mean(x, [1], true)) : x;
  outputs.W_E = center(g.input("W_E", [config.vocabSize, config.dModel]));
  if (config.architecture === "gpt2") {
    outputs.W_pos = center(g.input("W_pos", [config.maxPositions, config.dModel]));
  }
  return outputs;
}

function processUnembed(g: Graph, config: ModelConfig, processing: WeightProcessing) {
  const { dModel: d, vocabSize: V } = config;
  let gamma: Value = g.input("ln_f_w", [d]), beta: Value = g.input("ln_f_b", [d]);
  let W_U: Value = g.input("W_U", [V, d]);
  const outputs: Record<string, Value> = {};
  if (processing.foldLayerNorm) {
    outputs.b_U = reshape(gemm(W_U, reshape(beta, [d, 1])), [V]);
    W_U = mul(W_U, gamma);
    gamma = add(mul(gamma, 0), 1);
    beta = mul(beta, 0);
  }
  if (processing.centerUnembed && !config.llama?.logitCap) {
    W_U = sub(W_U, mean(W_U, [0], true));
    if (outputs.b_U) outputs.b_U = sub(outputs.b_U, mean(outputs.b_U, [0], true));
  }
  return { ln_f_w: gamma, ln_f_b: beta, W_U, ...outputs };
}
