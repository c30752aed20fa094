/**
 * Names the weights of a block and their stored shapes, declares them in a graph and makes the feeds that carry them.
 * Weights are graph inputs, so that one program serves every layer, or constants if they are baked in.
 */
import type { Feeds, Graph, Tensor, Value } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import { storedOutIn } from "./head_weights.ts";

/** Tensors of one unit of a model (embedding, a layer, unembedding) by feed name. */
export type WeightUnit = Record<string, Tensor<Float32Array>>;

/** Attention weights of one layer, in the stored layout. */
export interface AttentionWeights {
  /** weight of LN1, `[d]` */
  ln1_w: Value;
  /** bias of LN1, `[d]` */
  ln1_b: Value;
  /**
   * packed q, k and v weight: GPT-NeoX `[3d, d]`, ordered by head, then letter; GPT-2 `[d, 3d]`, by letter, then head;
   * Llama-style `[(H + 2K)·d_head, d]` for K key/value heads, by letter, then head
   */
  qkv_w: Value;
  /** packed q, k and v bias, in the same order */
  qkv_b: Value;
  /** output weight: out × in, or in × out in GPT-2 */
  o_w: Value;
  /** output bias, `[d]` */
  o_b: Value;
  /** gain of the norm of queries, `[d_head]` or `[H·d_head]`; where there is one */
  q_norm_w?: Value;
  /** gain of the norm of keys, `[d_head]` or `[K·d_head]`; where there is one */
  k_norm_w?: Value;
}

/** MLP weights of one layer, in the stored layout; m is the width of the hidden layer. */
export interface MlpWeights {
  /** weight of LN2, `[d]` */
  ln2_w: Value;
  /** bias of LN2, `[d]` */
  ln2_b: Value;
  /** input weight: GPT-NeoX `[m, d]`, GPT-2 `[d, m]` */
  in_w: Value;
  /** input bias, `[m]` */
  in_b: Value;
  /** output weight: GPT-NeoX `[d, m]`, GPT-2 `[m, d]` */
  out_w: Value;
  /** output bias, `[d]` */
  out_b: Value;
  /** weight of the gate, `[m, d]`; Llama-style models */
  gate_w?: Value;
  /** gain of the norm after attention, `[d]`; where there is one */
  ln1_post_w?: Value;
  /** gain of the norm after the MLP, `[d]`; where there is one */
  ln2_post_w?: Value;
}

/** All weights of one layer. */
export type BlockWeights = AttentionWeights & MlpWeights;

/** Names of a block's weights, which are also the feed names of its graph. */
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

/** Names of the weights that only some Llama-style blocks have. */
type LlamaWeight = "gate_w" | "q_norm_w" | "k_norm_w" | "ln1_post_w" | "ln2_post_w";

/** Returns the stored shapes of a block's weights. Those of Llama-style blocks follow the others. */
export function blockWeightShapes(
  config: ModelConfig,
): Record<typeof BLOCK_WEIGHTS[number], number[]> & Partial<Record<LlamaWeight, number[]>> {
  const { nHeads: H, dHead: e, dModel: d, dMlp: m, llama } = config;
  const matrix = (out: number, into: number) => storedOutIn(config) ? [out, into] : [into, out];
  if (llama) {
    const K = llama.nKvHeads, packed = (H + 2 * K) * e;
    const together = llama.qkNorm === "all";
    return {
      ln1_w: [d],
      ln1_b: [d],
      qkv_w: [packed, d],
      qkv_b: [packed],
      o_w: [d, H * e],
      o_b: [d],
      ln2_w: [d],
      ln2_b: [d],
      in_w: [m, d],
      in_b: [m],
      out_w: [d, m],
      out_b: [d],
      gate_w: [m, d],
      ...(llama.qkNorm && {
        q_norm_w: [together ? H * e : e],
        k_norm_w: [together ? K * e : e],
      }),
      ...(llama.postNorm && { ln1_post_w: [d], ln2_post_w: [d] }),
    };
  }
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

/** Returns the feed name of a weight of the i-th layer of a stack. */
export const weightFeed = (i: number, name: string): string => `${i}.${name}`;

/** Returns the feeds that give a layer's weights to the i-th layer of a stack. */
export function weightFeeds(i: number, weights: WeightUnit): Feeds {
  return Object.fromEntries(Object.entries(weights).map(([n, t]) => [weightFeed(i, n), t]));
}

/** Declares the weights of the i-th block of a stack: as graph inputs, or as constants if `baked` is given. */
export function declareWeights(
  g: Graph,
  config: ModelConfig,
  i: number,
  baked?: WeightUnit,
): BlockWeights {
  return Object.fromEntries(
    Object.entries(blockWeightShapes(config)).map(([name, shape]) => [
      name,
      baked ? g.constant(baked[name].data, baked[name].shape) : g.input(weightFeed(i, name), shape),
    ]),
  ) as unknown as BlockWeights;
}
