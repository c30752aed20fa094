/**
 * The weights of a block: their names and stored shapes, how a graph declares them, and the feeds that carry them.
 * One program serves every layer: weights are graph inputs, or constants where they are baked in.
 */
import type { Feeds, Graph, Tensor, Value } from "../../onnx/mod.ts";
import type { AttentionWeights } from "./attention.ts";
import type { ModelConfig } from "../config.ts";
import { storedOutIn } from "./head_weights.ts";

/** Tensors of one unit of a model (embedding, a layer, unembedding) by feed name. */
export type WeightUnit = Record<string, Tensor<Float32Array>>;

export interface MlpWeights {
  ln2_w: Value;
  ln2_b: Value;
  in_w: Value;
  in_b: Value;
  out_w: Value;
  out_b: Value;
}

export type BlockWeights = AttentionWeights & MlpWeights;

/** Names of a block's weights, the feeds of its graph. */
export const BLOCK_WEIGHTS = [
  "ln1_w",
  "ln1_b",
  "qkv_w",
  "qkv_b",
  "o_w",
  "o_b",
  "ln2_w",
  "ln2_b",
  "in_w",
  "in_b",
  "out_w",
  "out_b",
] as const satisfies readonly (keyof BlockWeights)[];

/** Shapes of a block's weights as stored. */
export function blockWeightShapes(config: ModelConfig): Record<keyof BlockWeights, number[]> {
  const { dModel: d, dMlp: m } = config;
  const matrix = (out: number, into: number) => storedOutIn(config) ? [out, into] : [into, out];
  return {
    ln1_w: [d],
    ln1_b: [d],
    qkv_w: matrix(3 * d, d),
    qkv_b: [3 * d],
    o_w: matrix(d, d),
    o_b: [d],
    ln2_w: [d],
    ln2_b: [d],
    in_w: matrix(m, d),
    in_b: [m],
    out_w: matrix(d, m),
    out_b: [d],
  };
}

/** Feed name of a weight of the i-th layer of a stack. */
export const weightFeed = (i: number, name: string) => `${i}.${name}`;

/** Feeds of a layer's weights as the i-th layer of a stack. */
export function weightFeeds(i: number, weights: WeightUnit): Feeds {
  return Object.fromEntries(Object.entries(weights).map(([n, t]) => [weightFeed(i, n), t]));
}

/** A block's weights as graph inputs, or as constants where `baked` is given. */
export function declareWeights(
  g: Graph,
  config: ModelConfig,
  i: number,
  baked?: WeightUnit,
): BlockWeights {
  const shapes = blockWeightShapes(config);
  return Object.fromEntries(BLOCK_WEIGHTS.map((name) => [
    name,
    baked
      ? g.constant(baked[name].data, baked[name].shape)
      : g.input(weightFeed(i, name), shapes[name]),
  ])) as unknown as BlockWeights;
}
