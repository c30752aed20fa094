/**
 * Computes the gradients at the heads' inputs of a Llama-style block, as `ig_layer.ts` does for the others.
 *
 * Keys and values have a gradient per query head, dy `[ROWS, P, H, d_head]` before norm and rotation. With c = b, and for an
 * RMSNorm, J = (I − x̂x̂ᵀ/d)/σ and u = γ ⊙ (W·dy):
 *   Ĝ = Σ_k J_k u_k = γ ⊙ (W·a) − Σ_k s_k x̂_k,   a = Σ_k dy_k/σ_k,   s_k = dy_k·(y_k − c)/(d σ_k)
 * A LayerNorm subtracts the mean of γ ⊙ (W·a), too. Without a norm before attention (OLMo 2), Ĝ = W·Σ_k dy_k. Products with
 * W take the heads of a group together, so its keys and values are not repeated.
 */
import {
  concat,
  matmul,
  mean,
  mul,
  productDim,
  reshape,
  split,
  sub,
  sum,
  transpose,
  unsqueeze,
  type Value,
} from "../../../onnx/mod.ts";
import { type BlockWeights, groupedWeights, isRms, type ModelConfig } from "../../../model/mod.ts";
import { headSums } from "./destination_gradients.ts";
import type { IgBlock } from "./ig_block.ts";
import { overPoints } from "./path_axes.ts";

/**
 * Returns Ĝ `[N, 3H, P, d]`: q heads, then k heads, then v heads.
 * @param letters gradients at q, k and v of every query head, each `[ROWS, P, H, d_head]`
 */
export function llamaHeadGradients(
  run: IgBlock,
  letters: readonly Value[],
  w: BlockWeights,
  config: ModelConfig,
): Value {
  const { nHeads: H, dModel: d, llama } = config;
  const all = concat(letters.map((v) => unsqueeze(v, 2)), 2);
  if (!llama!.preNorm) return throughWeights(overPoints(all), w, config);
  const saved = (name: string) => run.hooks.saved.get(`saved:${name}`);
  const { a, projected } = headSums({
    x: run.x,
    mean: saved("ln1.mean"),
    inverse: saved("ln1.inverse")!,
    qkv: all,
    along: alongOutputs(letters, saved("qkv")!, w, config),
  });
  const scaled = mul(throughWeights(a, w, config), w.ln1_w);
  const centred = isRms(config) ? scaled : sub(scaled, mean(scaled, [-1], true));
  const [N, P] = a.shape;
  return sub(centred, transpose(reshape(projected, [N, P, 3 * H, d]), [0, 2, 1, 3]));
}

/** Returns dy·(y − b) for every letter and query head, `[ROWS, P, 3, H]`; y is packed, `[ROWS, P, (H + 2K)·d_head]`. */
function alongOutputs(
  letters: readonly Value[],
  packed: Value,
  w: BlockWeights,
  { nHeads: H, dHead: e, llama }: ModelConfig,
): Value {
  const K = llama!.nKvHeads;
  const [rows, P] = packed.shape;
  const plain = llama!.biases === "none" ? packed : sub(packed, w.qkv_b);
  const heads = [H, K, K];
  const products = split(plain, 2, heads.map((n) => n * e)).map((y, j) => {
    const n = heads[j];
    const dy = reshape(letters[j], [rows, P, n, H / n, e]);
    const along = sum(mul(dy, reshape(y, [rows, P, n, 1, e])), [-1]);
    return reshape(along, [rows, P, 1, H]);
  });
  return concat(products, 2);
}

/** Returns W·a of every letter and query head, `[N, 3H, P, d]`, for a `[N, P, 3, H, d_head]`. */
function throughWeights(a: Value, w: BlockWeights, config: ModelConfig): Value {
  const { nHeads: H, dHead: e, dModel: d } = config;
  const [N, P] = a.shape;
  const rows = productDim([N, P]);
  const letters = split(transpose(reshape(a, [rows, 3, H, e]), [1, 2, 0, 3]), 0, [1, 1, 1]);
  const products = groupedWeights(w, config).weights.map((weight, j) => {
    const n = Number(weight.shape[0]);
    const product = matmul(reshape(letters[j], [n, H / n, rows, e]), unsqueeze(weight, 1));
    return reshape(product, [H, N, P, d]);
  });
  return transpose(concat(products, 0), [1, 0, 2, 3]);
}
