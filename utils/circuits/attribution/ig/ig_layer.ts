/**
 * Runs one layer of the gradient passes of EAP and EAP-IG, forward and backward, for N prompts × K path points at once.
 *
 * The layer returns the gradient at the input of each destination, summed over the path points. The plain backward pass
 * gives the MLP's gradient. The heads' gradients would need a LayerNorm backward pass of residual width per head, letter
 * and point. Instead the layer sums in head space over the points k:
 *
 *   a = Σ_k dy_k/σ_k  `[N, P, H, d_head]`,    Σ_k s_k x̂_k  with  s_k = dy_k·(y_k − c)/(d σ_k),  c = b + Wᵀβ
 *
 * Here dy is the cotangent of the query, key or value y. `destination_gradients.ts` turns the sums into gradients, once
 * for all points of the pass (identity 2). Each point costs a plain forward and a plain backward pass. The cotangent of
 * the metric carries the path weights w_k.
 *
 * Variants:
 *
 *  - last layer: only the last position is read out, so only its attention output and its MLP are computed;
 *  - first layer: dx is not computed;
 *  - EAP-IG-activations: the attention's or the MLP's output is clean + (1 − α)(corrupted − clean).
 */
import {
  add,
  concat,
  gradients,
  type Graph,
  mul,
  reshape,
  sub,
  sum,
  transpose,
  unsqueeze,
  type Value,
} from "../../../onnx/mod.ts";
import {
  type BlockContext,
  type BlockWeights,
  declareWeights,
  type ModelConfig,
  POS,
  storedOutIn,
} from "../../../model/mod.ts";
import { LETTERS } from "../../../names/mod.ts";
import { headConstants, headGradients, headSums } from "./destination_gradients.ts";
import { type IgBlock, igBlock, pastInputs } from "./ig_block.ts";
import { llamaHeadGradients } from "./llama_gradients.ts";
import type { MovingOutput } from "./interpolated_output.ts";
import { overPoints } from "./path_axes.ts";

/** Selects a variant of a layer. */
export interface IgSpec {
  /** whether the prompts share a prefix */
  past: boolean;
  /** whether this is layer 0 */
  first: boolean;
  /** whether only the last position's output is computed; false where an output moves */
  last: boolean;
  /** output of the layer that moves along the path */
  moving?: MovingOutput;
}

/** Holds a layer of a graph. */
export interface IgLayer {
  /** residual stream after the layer, `[N·K, P or 1, d]` */
  residual: Value;
  /** values of the forward pass that the backward pass reads */
  saved: Record<string, Value>;
  /**
   * Maps the gradient at `residual`, `[N, K, P or 1, d]`, to `dx` `[N·K, P, d]` (not in the first layer) and to sums over
   * the points: `gradients` `[N, 3H+1, P, d]` at the inputs of q heads, k heads, v heads and MLP, and `at_mlp` and
   * `at_heads` `[N, P, d]` at the outputs of MLP and heads. The first layer adds `at_input` `[N, P, d]` before the layer.
   */
  backward(cotangent: Value): Record<string, Value>;
}

/**
 * Adds a layer on x `[N·K, P, d]` to a graph.
 * @param i prefix of the names of its weights and past
 */
export function igLayer(
  x: Value,
  i: number,
  { config, sequence }: Pick<BlockContext, "config" | "sequence">,
  spec: IgSpec,
): IgLayer {
  const weights = declareWeights(x.graph, config, i);
  const past = spec.past ? pastInputs(x.graph, config, i) : undefined;
  const run = igBlock(x, weights, { config, sequence, past }, spec);
  return {
    residual: run.residual,
    saved: Object.fromEntries(run.hooks.saved),
    backward: (cotangent) => backwardOutputs(cotangent, run, weights, config, spec),
  };
}

function backwardOutputs(
  cotangent: Value,
  run: IgBlock,
  weights: BlockWeights,
  config: ModelConfig,
  spec: IgSpec,
): Record<string, Value> {
  const g = cotangent.graph;
  const flowing = reshape(cotangent, run.residual.shape);
  const grads = spec.last ? lastGradients(g, run, flowing) : blockGradients(run, flowing);
  const everywhere = (v: Value) => spec.last ? mul(v, lastPosition(g, 1)) : v;

  const heads = config.llama
    ? llamaHeadGradients(run, grads.rotated, weights, config)
    : headGradients(attentionSums(run, grads, weights, config), weights, config);
  const mlp = everywhere(overPoints(grads.mlpIn));
  const all = concat([heads, unsqueeze(mlp, 1)], 1);
  const atMlp = everywhere(sum(cotangent, [1]));
  return {
    ...(!spec.first && { dx: grads.x }),
    gradients: all,
    at_mlp: atMlp,
    at_heads: config.parallel ? atMlp : add(atMlp, mlp),
    ...(spec.first && { at_input: add(atMlp, sum(all, [1])) }),
  };
}

interface BlockGradients {
  x: Value;
  mlpIn: Value;
  /** gradient at q, k and v in one tensor, before rotation */
  qkv: Value;
  /** gradients at q, k and v after rotation; in Llama-style models at those of every query head before it */
  rotated: Value[];
}

function attentionGradients(output: Value, cotangent: Value, run: IgBlock, more: Value[] = []) {
  const saved = (name: string) => run.hooks.saved.get(`saved:${name}`)!;
  const own = run.hooks.saved.has("saved:own.q") ? "own." : "";
  const wrt = ["qkv", ...LETTERS.map((letter) => `${own}${letter}`)].map(saved);
  const [x, qkv, q, k, v, ...rest] = gradients([output], [cotangent], [run.x, ...wrt, ...more]);
  return { x, qkv, rotated: [q, k, v], rest };
}

function blockGradients(run: IgBlock, cotangent: Value): BlockGradients {
  const { rest: [mlpIn], ...grads } = attentionGradients(run.residual, cotangent, run, [run.mlpIn]);
  return { ...grads, mlpIn };
}

/** Goes back from the last position's output to its heads, and from them to all positions. */
function lastGradients(g: Graph, run: IgBlock, cotangent: Value): BlockGradients {
  const { x, z } = run.last!;
  const [dx, dz, mlpIn] = gradients([run.residual], [cotangent], [x, z, run.mlpIn]);
  const { rest: _, ...grads } = attentionGradients(run.z, mul(dz, lastPosition(g, 2)), run);
  return { ...grads, x: add(grads.x, mul(dx, lastPosition(g, 1))), mlpIn };
}

/** Returns the feed `is_last` `[P]` (1 at the last position, else 0) as `[P, 1 …]`. */
function lastPosition(g: Graph, axesBehind: number): Value {
  const flag = g.inputs.get("is_last") ?? g.input("is_last", [POS]);
  return reshape(flag, [POS, ...new Array(axesBehind).fill(1)]);
}

/** Returns the sums of a block that saves its q, k and v after rotation. */
function attentionSums(run: IgBlock, grads: BlockGradients, w: BlockWeights, config: ModelConfig) {
  const saved = (name: string) => run.hooks.saved.get(`saved:${name}`)!;
  // Rotations preserve inner products, so dy·y may use the saved, rotated y.
  const perHead = saved("v").shape.slice(0, -1);
  const products = LETTERS.map((letter, j) =>
    reshape(sum(mul(grads.rotated[j], saved(letter)), [-1]), perHead)
  );
  const stacked = concat(products.map((v) => unsqueeze(v, 3)), 3);
  const packed = transpose(stacked, storedOutIn(config) ? [0, 2, 1, 3] : [0, 2, 3, 1]);
  const ofConstants = sum(mul(grads.qkv, headConstants(w, config)), [-1]);
  const along = sub(reshape(packed, ofConstants.shape), ofConstants);
  const [mean, inverse] = [saved("ln1.mean"), saved("ln1.inverse")];
  return headSums({ x: run.x, mean, inverse, qkv: grads.qkv, along });
}
