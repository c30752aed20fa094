/**
 * Turns the sums of `ig_layer.ts` into gradients at the heads' inputs and into scores.
 *
 * Let u_k = γ ⊙ (W·dy_k) be the cotangent after the LayerNorm and J = (I − 11ᵀ/d − x̂x̂ᵀ/d)/σ the symmetric Jacobian of
 * its normalisation. The gradient is Ĝ = Σ_k J_k u_k. Let c = b + Wᵀβ be the part of y without x̂. Then
 * x̂·u = (γ ⊙ x̂)ᵀW·dy = dy·(y − c), and
 *
 *   Ĝ = γ ⊙ (W·a) − mean(γ ⊙ (W·a))·1 − Σ_k s_k x̂_k            identity 2: once for all path points of a pass
 *   S[0:prev, dst] = D[0:prev] · Ĝᵀ                             identity 3: once per pass too, one matrix product per
 *                                                               prompt and layer, over the sources before the layer
 */
import {
  add,
  gemm,
  Graph,
  linear,
  matmul,
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
} from "../../../onnx/mod.ts";
import {
  type BlockWeights,
  type ModelConfig,
  packedAxes,
  storedOutIn,
} from "../../../model/mod.ts";
import { overPoints, perPoint } from "./path_axes.ts";

/** Returns c = b + Wᵀβ of queries, keys and values, in the axes of `packedAxes` and d_head. */
export function headConstants(w: BlockWeights, config: ModelConfig): Value {
  const d = config.dModel;
  const fromBeta = linear(reshape(w.ln1_b, [1, d]), w.qkv_w, storedOutIn(config));
  const packed = add(reshape(fromBeta, [3 * d]), w.qkv_b);
  return reshape(packed, [...packedAxes(config), config.dHead]);
}

/** Holds the terms of the sums, per prompt and path point. A stands for the two axes of `packedAxes`. */
export interface HeadCotangents {
  /** input of the LayerNorm, `[ROWS, P, d]` */
  x: Value;
  /** mean of x, `[ROWS, P, 1]`; absent where the norm does not subtract it */
  mean?: Value;
  /** 1/σ of x, `[ROWS, P, 1]` */
  inverse: Value;
  /** dy of q, k and v, `[ROWS, P, A, d_head]` */
  qkv: Value;
  /** dy·(y − c), `[ROWS, P, A]` */
  along: Value;
}

/** Holds the sums over the path points that {@link headGradients} takes. */
export interface HeadSums {
  /** Σ_k dy_k/σ_k, `[N, P, A, d_head]` */
  a: Value;
  /** Σ_k s_k x̂_k, `[N, P, 3H, d]`, in the order of A */
  projected: Value;
}

/** Returns a = Σ_k dy_k/σ_k and Σ_k s_k x̂_k over the path points, with s_k = dy_k·(y_k − c)/(d σ_k). */
export function headSums({ x, mean, inverse, qkv, along }: HeadCotangents): HeadSums {
  const [batch, P, d] = x.shape;
  const [, , first, second] = along.shape as number[];
  const s = mul(reshape(along, [batch, P, first * second]), mul(inverse, 1 / (d as number)));
  const normalised = mul(mean ? sub(x, mean) : x, inverse);
  const points = (v: Value, perm: number[]) =>
    transpose(perPoint(v, ...v.shape.slice(2) as number[]), perm);
  return {
    a: overPoints(mul(qkv, unsqueeze(unsqueeze(inverse, -1), -1))),
    projected: matmul(points(s, [0, 2, 3, 1]), points(normalised, [0, 2, 1, 3])),
  };
}

/** Returns Ĝ `[N, 3H, P, d]`: q heads, then k heads, then v heads. */
export function headGradients(
  { a, projected }: HeadSums,
  w: BlockWeights,
  config: ModelConfig,
): Value {
  const { nHeads: H, dHead: e, dModel: d } = config;
  const [N, P] = a.shape;
  const axes = packedAxes(config);
  const rows = transpose(reshape(a, [productDim([N, P]), 3 * H, e]), [1, 0, 2]);
  const weights = storedOutIn(config)
    ? reshape(w.qkv_w, [3 * H, e, d])
    : transpose(reshape(w.qkv_w, [d, 3 * H, e]), [1, 2, 0]);
  const scaled = mul(matmul(rows, weights), w.ln1_w);
  const centred = reshape(sub(scaled, mean(scaled, [-1], true)), [...axes, N, P, d]);
  // letters first, then heads
  const [ofCentred, ofProjected] = storedOutIn(config)
    ? [[2, 1, 0, 3, 4], [0, 3, 2, 1, 4]]
    : [[2, 0, 1, 3, 4], [0, 2, 3, 1, 4]];
  const all = sub(
    transpose(centred, ofCentred),
    transpose(reshape(projected, [N, P, ...axes, d]), ofProjected),
  );
  return reshape(all, [N, 3 * H, P, d]);
}

/** Compiles D `[sources, P·d]` and Ĝ `[destinations, P·d]` of one prompt → scores `[sources, destinations]`. */
export function compileContraction(options: SessionOptions): Promise<Session> {
  const g = new Graph();
  const differences = g.input("differences", ["sources", "width"]);
  const gradients = g.input("gradients", ["destinations", "width"]);
  return Session.compile({ scores: gemm(differences, gradients, false, true) }, {}, options);
}
