/**
 * From the sums of `ig_program.ts` to gradients at the heads' inputs and to scores.
 *
 * With u_k = γ ⊙ (W·dy_k) the cotangent behind the LayerNorm and J = (I − 11ᵀ/d − x̂x̂ᵀ/d)/σ the symmetric Jacobian of its
 * normalisation, Ĝ = Σ_k J_k u_k. As x̂·u = (γ ⊙ x̂)ᵀW·dy = dy·(y − c), c = b + Wᵀβ the part of y without x̂,
 *
 *   Ĝ = γ ⊙ (W·a) − mean(γ ⊙ (W·a))·1 − Σ_k s_k x̂_k            identity 2: once for all path points of a pass
 *   S[0:prev, dst] = D[0:prev] · Ĝᵀ                             identity 3: likewise, one matrix product per prompt and
 *                                                               layer, over the sources before the layer only
 */
import {
  add,
  concat,
  gemm,
  Graph,
  linear,
  matmul,
  matmulT,
  mean,
  mul,
  productDim,
  reshape,
  Session,
  type SessionOptions,
  sub,
  transpose,
  unsqueeze,
  type Value,
} from "../onnx/mod.ts";
import { perHeadWeights, storedOutIn } from "../model/attention.ts";
import type { BlockWeights } from "../model/block.ts";
import type { ModelConfig } from "../model/config.ts";
import { overPoints, perPoint } from "./ig_block.ts";

/** c = b + Wᵀβ of queries, keys and values, `[H, d_head]` each. */
export function headConstants(w: BlockWeights, config: ModelConfig): Value[] {
  const d = config.dModel;
  const fromBeta = linear(reshape(w.ln1_b, [1, d]), w.qkv_w, storedOutIn(config));
  const packed = add(reshape(fromBeta, [3 * d]), w.qkv_b);
  return perHeadWeights({ qkv_w: w.qkv_w, qkv_b: packed }, config).biases;
}

/** What the sums over path points are formed of, per prompt and path point. */
export interface HeadCotangents {
  /** input of the LayerNorm `[BATCH, P, d]`, its mean and 1/σ `[BATCH, P, 1]` */
  x: Value;
  mean: Value;
  inverse: Value;
  /** dy of q, k and v, `[BATCH, P, H, d_head]` each */
  letters: Value[];
  /** dy·(y − c) of q, k and v, `[BATCH, P, H]` each */
  along: Value[];
}

/** Sums over the path points: a of q, k and v, and Σ_k s_k x̂_k, as {@link headGradients} takes them. */
export function headSums({ x, mean, inverse, letters, along }: HeadCotangents) {
  const d = x.shape[2] as number;
  const s = mul(concat(along, 2), mul(inverse, 1 / d));
  const normalised = mul(sub(x, mean), inverse);
  const points = (v: Value, perm: number[]) =>
    transpose(perPoint(v, ...v.shape.slice(2) as number[]), perm);
  return {
    a: letters.map((dy) => overPoints(mul(dy, unsqueeze(inverse, -1)))),
    projected: matmul(points(s, [0, 2, 3, 1]), points(normalised, [0, 2, 1, 3])),
  };
}

/**
 * Ĝ `[N, 3H, P, d]`: q heads, k heads, v heads.
 * @param sums a of q, k and v, `[N, P, H, d_head]` each, and Σ_k s_k x̂_k `[N, P, 3H, d]`
 */
export function headGradients(
  { a, projected }: { a: Value[]; projected: Value },
  w: BlockWeights,
  config: ModelConfig,
): Value {
  const { nHeads: H, dHead: e, dModel: d } = config;
  const [N, P] = a[0].shape;
  const { weights } = perHeadWeights(w, config);
  const products = a.map((sum, j) => {
    const rows = reshape(transpose(sum, [2, 0, 1, 3]), [H, productDim([N, P]), e]);
    return storedOutIn(config) ? matmul(rows, weights[j]) : matmulT(rows, weights[j]);
  });
  const scaled = mul(concat(products, 0), w.ln1_w);
  const centred = sub(scaled, mean(scaled, [-1], true));
  return sub(
    transpose(reshape(centred, [3 * H, N, P, d]), [1, 0, 2, 3]),
    transpose(projected, [0, 2, 1, 3]),
  );
}

/** D `[sources, P·d]`, Ĝ `[destinations, P·d]` of one prompt → scores `[sources, destinations]`. */
export function compileContraction(options: SessionOptions): Promise<Session> {
  const g = new Graph();
  const differences = g.input("differences", ["sources", "width"]);
  const gradients = g.input("gradients", ["destinations", "width"]);
  return Session.compile({ scores: gemm(differences, gradients, false, true) }, {}, options);
}
