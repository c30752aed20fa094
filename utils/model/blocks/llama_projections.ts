/**
 * Projects the residual stream of a Llama-style block to queries, keys and values before rotation:
 *
 *   q, k, v = norm(x)·W + b     one product; W holds the queries of H heads, then keys and values of K heads
 *   q, k    cut off at ± clip (values too), or normalised, where the model does that
 */
import { LETTERS } from "../../names/mod.ts";
import {
  add,
  linear,
  matmulT,
  productDim,
  reshape,
  split,
  transpose,
  unsqueeze,
  type Value,
} from "../../onnx/mod.ts";
import type { AttentionWeights } from "./block_weights.ts";
import type { HeadInputs, LayerContext } from "./context.ts";
import { clipped, type GroupedMap, headNorm, ungrouped } from "./grouped_heads.ts";
import { groupedWeights } from "./head_weights.ts";
import { hookedNorm } from "./hooked_norm.ts";
import { normalise } from "./norms.ts";

/** Keys and values of every query head before rotation, `[batch, H, pos, d_head]`; they take the gradient. */
export interface OwnProjections {
  /** keys */
  k: Value;
  /** values */
  v: Value;
}

/** Queries, and grouped keys and values, head first; `own` are keys and values of every query head. */
export interface LlamaProjections {
  /** queries `[batch, H, pos, d_head]` */
  q: Value;
  /** keys `[batch, K, pos, d_head]` */
  k: Value;
  /** values `[batch, K, pos, d_head]` */
  v: Value;
  /** keys and values of every query head, not computed by a forward pass */
  own: OwnProjections;
}

/** Projects the residual stream x `[batch, pos, d]`. */
export function llamaProjections(
  x: Value,
  w: AttentionWeights,
  context: LayerContext,
): LlamaProjections {
  const { config: c, hooks } = context;
  const { nHeads: H, dHead: e, llama } = c;
  const K = llama!.nKvHeads;
  const input = llama!.preNorm ? hookedNorm(x, w.ln1_w, w.ln1_b, c, "ln1", hooks) : x;
  const packed = linear(input, w.qkv_w, true, llama!.biases === "none" ? undefined : w.qkv_b);
  hooks.save("qkv", packed);
  const [b, p] = x.shape;
  const heads = [H, K, K];
  const letters = split(packed, 2, heads.map((n) => n * e)).map((part, j) =>
    hooks.at(`attn.hook_${LETTERS[j]}`, reshape(part, [b, p, heads[j], e]))
  );
  return prepared(letters, w, context);
}

/** Projects each head's own copies of the residual stream; no keys or values are shared then. */
export function llamaHeadProjections(
  x: HeadInputs,
  w: AttentionWeights,
  context: LayerContext,
): LlamaProjections {
  const { config: c, hooks } = context;
  const { nHeads: H, dHead: e, dModel: d } = c;
  const { weights, biases } = groupedWeights(w, c);
  const letters = LETTERS.map((letter, j) => {
    const input = x[letter];
    const [, b, p] = input.shape;
    const normed = c.llama!.preNorm ? normalise(input, w.ln1_w, w.ln1_b, c).output : input;
    const n = Number(weights[j].shape[0]);
    const rows = reshape(normed, [n, H / n, productDim([b, p]), d]);
    const product = matmulT(rows, unsqueeze(weights[j], 1));
    const biased = add(product, reshape(biases[j], [n, 1, 1, e]));
    const value = transpose(reshape(biased, [H, b, p, e]), [1, 2, 0, 3]);
    return hooks.at(`attn.hook_${letter}`, value);
  });
  return prepared(letters, w, context);
}

/** Cuts off or normalises q, k, v `[batch, pos, heads, d_head]`, and puts heads first. */
export function prepared(
  letters: readonly Value[],
  w: Pick<AttentionWeights, "q_norm_w" | "k_norm_w">,
  { config: c, hooks }: LayerContext,
): LlamaProjections {
  const { clip, qkNorm } = c.llama!;
  const gains = [w.q_norm_w, w.k_norm_w];
  const maps = letters.map((value, j): GroupedMap => {
    const own = value.shape[2] === c.nHeads ? value : ungrouped(value, 2, c);
    hooks.save(`own.${LETTERS[j]}`, own);
    const cut = clip === undefined
      ? { grouped: value, own }
      : clipped({ grouped: value, own }, clip);
    const gain = gains[j];
    if (!qkNorm || !gain) return cut;
    const heads = Number(value.shape[2]), e = c.dHead;
    const ofHeads = qkNorm === "all" && gain.shape[0] !== heads * e
      ? reshape(ungrouped(reshape(gain, [c.llama!.nKvHeads, e]), 0, c), [heads * e])
      : gain;
    return headNorm(cut, ofHeads, qkNorm, c.layerNormEps);
  });
  const first = (x: Value) => transpose(x, [0, 2, 1, 3]);
  const [q, k, v] = maps.map(({ grouped, own }) => {
    const moved = first(grouped);
    return { grouped: moved, own: grouped === own ? moved : first(own) };
  });
  return { q: q.grouped, k: k.grouped, v: v.grouped, own: { k: k.own, v: v.own } };
}
