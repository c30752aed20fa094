/** Cuts the stored weights of attention into the parts of each head. */
import { mul, reshape, split, transpose, type Value } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import { ungrouped } from "./grouped_heads.ts";

/** Returns whether linear layers are stored out × in (all but GPT-2) rather than in × out (GPT-2). */
export const storedOutIn = (config: ModelConfig): boolean => config.architecture !== "gpt2";

/**
 * Returns the weights of q, k and v per head, each `[H, d_head, d]` or `[H, d, d_head]` (GPT-2), and their biases, each
 * `[H, d_head]`. Repeats the keys and values that query heads share.
 */
export function perHeadWeights(
  w: { qkv_w: Value; qkv_b: Value },
  config: ModelConfig,
): { weights: Value[]; biases: Value[] } {
  const { nHeads: H, dHead: e, dModel: d } = config;
  if (config.llama) {
    const { weights, biases } = groupedWeights(w, config);
    return {
      weights: weights.map((x) => x.shape[0] === H ? x : ungrouped(x, 0, config)),
      biases: biases.map((x) => x.shape[0] === H ? x : ungrouped(x, 0, config)),
    };
  }
  const outIn = storedOutIn(config);
  const weights = outIn
    ? split(reshape(w.qkv_w, [H, 3, e, d]), 1, [1, 1, 1]).map((x) => reshape(x, [H, e, d]))
    : split(reshape(w.qkv_w, [d, 3, H, e]), 1, [1, 1, 1])
      .map((x) => transpose(reshape(x, [d, H, e]), [1, 0, 2]));
  const biases = outIn
    ? split(reshape(w.qkv_b, [H, 3, e]), 1, [1, 1, 1]).map((x) => reshape(x, [H, e]))
    : split(reshape(w.qkv_b, [3, H, e]), 0, [1, 1, 1]).map((x) => reshape(x, [H, e]));
  return { weights, biases };
}

/**
 * Returns the weights of q, k and v of a Llama-style model, `[H or K, d_head, d]`, and their biases, `[H or K, d_head]`, for
 * H query heads and K key/value heads.
 */
export function groupedWeights(
  w: { qkv_w: Value; qkv_b: Value },
  { nHeads: H, dHead: e, dModel: d, llama }: ModelConfig,
): { weights: Value[]; biases: Value[] } {
  const heads = [H, llama!.nKvHeads, llama!.nKvHeads];
  const sizes = heads.map((n) => n * e);
  return {
    weights: split(w.qkv_w, 0, sizes).map((x, j) => reshape(x, [heads[j], e, d])),
    biases: split(w.qkv_b, 0, sizes).map((x, j) => reshape(x, [heads[j], e])),
  };
}

/** Returns W_O per head, `[H, d_head, d]`. */
export function perHeadOutput(o_w: Value, config: ModelConfig): Value {
  const { nHeads: H, dHead: e, dModel: d } = config;
  return storedOutIn(config)
    ? transpose(reshape(o_w, [d, H, e]), [1, 2, 0])
    : reshape(o_w, [H, e, d]);
}

/** Returns W_O per head times the gain of the norm after attention, where there is one: `[H, d_head, d]`. */
export function writtenPerHead(
  w: { o_w: Value; ln1_post_w?: Value },
  config: ModelConfig,
): Value {
  const output = perHeadOutput(w.o_w, config);
  return w.ln1_post_w ? mul(output, w.ln1_post_w) : output;
}

/** Returns the sizes of the head and letter axes in stored order: H, 3 (GPT-NeoX) or 3, H (GPT-2). */
export const packedAxes = (config: ModelConfig): [number, number] =>
  storedOutIn(config) ? [config.nHeads, 3] : [3, config.nHeads];
