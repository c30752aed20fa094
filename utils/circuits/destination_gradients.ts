/**
 * From the sums of `ig_program.ts` to scores, once per batch:
 *
 *   Ĝ[dst] = γ ⊙ (W·a) − mean(γ ⊙ (W·a))·1 − Σ_k s_k x̂_k        `[N, 3H+1, P, d]` per layer
 *   S[0:prev, dst] = D[0:prev] · Ĝᵀ                             one matrix product per prompt and layer (identity 3),
 *                                                               over the sources before the layer only
 */
import {
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
  type Value,
} from "../onnx/mod.ts";
import { perHeadWeights, storedOutIn } from "../model/attention.ts";
import type { ModelConfig } from "../model/config.ts";
import { POS } from "../model/hooks.ts";
import { declareWeights } from "../model/stack.ts";
import { sumShapes } from "./ig_program.ts";

const N = "prompts";

/** Sums and weights of a layer → destination gradients Ĝ `[N, 3H+1, P, d]`: q heads, k heads, v heads, MLP. */
export function compileDestinationGradients(
  config: ModelConfig,
  options: SessionOptions,
): Promise<Session> {
  const { nHeads: H, dHead: e, dModel: d } = config;
  const g = new Graph();
  const w = declareWeights(g, config, 0);
  const shapes = sumShapes(config);
  const sums = Object.fromEntries(
    ["a_q", "a_k", "a_v", "a_mlp", "projected"].map((n) => [n, g.input(`sum:${n}`, shapes[n])]),
  );
  const { weights } = perHeadWeights(w, config);
  const centred = (u: Value, gamma: Value) => {
    const scaled = mul(u, gamma);
    return sub(scaled, mean(scaled, [-1], true));
  };
  const heads = [sums.a_q, sums.a_k, sums.a_v].map((a, j) => {
    const rows = reshape(transpose(a, [2, 0, 1, 3]), [H, productDim([N, POS]), e]);
    const product = storedOutIn(config) ? matmul(rows, weights[j]) : matmulT(rows, weights[j]);
    return transpose(reshape(centred(product, w.ln1_w), [H, N, POS, d]), [1, 0, 2, 3]);
  });
  const into = linear(sums.a_mlp, w.in_w, !storedOutIn(config));
  const mlp = reshape(centred(into, w.ln2_w), [N, 1, POS, d]);
  const gradients = sub(concat([...heads, mlp], 1), transpose(sums.projected, [0, 2, 1, 3]));
  return Session.compile({ gradients }, {}, options);
}

/** D `[sources, P·d]`, Ĝ `[destinations, P·d]` of one prompt → scores `[sources, destinations]`. */
export function compileContraction(options: SessionOptions): Promise<Session> {
  const g = new Graph();
  const differences = g.input("differences", ["sources", "width"]);
  const gradients = g.input("gradients", ["destinations", "width"]);
  return Session.compile({ scores: gemm(differences, gradients, false, true) }, {}, options);
}
