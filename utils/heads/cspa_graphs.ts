/**
 * The four graphs of CSPA (`cspa.ts` says what for). D documents of T tokens, H heads of width e, vocabulary V.
 *
 * Shapes and symbols: p clean probabilities, σ scale of the final LayerNorm, U rows of W_U at the document's tokens less
 * their mean (which no LayerNorm lets through; TransformerLens folds it away), u = U/‖U‖, z̄ mean of z over documents,
 * A pattern, λ logit lens of source tokens at destinations.
 */
import { perHeadOutput } from "../model/attention.ts";
import type { ModelConfig } from "../model/config.ts";
import { declareWeights } from "../model/stack.ts";
import {
  add,
  cast,
  div,
  exp,
  expand,
  gather,
  gatherElements,
  Graph,
  greater,
  layerNorm,
  less,
  linear,
  matmul,
  matmulT,
  mean as average,
  min,
  mul,
  productDim,
  reshape,
  Session,
  type SessionOptions,
  softmax,
  sqrt,
  sub,
  sum,
  transpose,
  unsqueeze,
  type Value,
  where,
} from "../onnx/mod.ts";
import { largest } from "./top_k.ts";

const [D, T, G] = ["docs", "tokens", "group"];
const MASKED = -1e9;

/** `zs + share · Σ_documents z`: `[D, T, H, e]` added to `[T, H, e]`. */
export function compileAccumulate(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const { nHeads: H, dHead: e } = config;
  const part = mul(g.input("share", []), sum(g.input("z", [D, T, H, e]), [0]));
  const total = add(g.input("zs", [T, H, e]), part);
  return Session.compile({ total }, {}, options);
}

/**
 * Final residual stream, ids → p `[D, T, V]`, U and u `[D, T, d]`, `gram` = u·W_Uᵀ `[D, T, V]`, and the expected
 * unembedding p·W_U `[D, T, d]`.
 */
export function compilePrepare(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const { dModel: d, vocabSize: V } = config;
  const x = g.input("residual", [D, T, d]);
  const norm = layerNorm(x, g.input("ln_f_w", [d]), g.input("ln_f_b", [d]), config.layerNormEps);
  const W_U = g.input("W_U", [V, d]);
  const p = softmax(add(linear(norm.output, W_U, true), g.input("b_U", [V])));
  const rows = gather(W_U, g.input("ids", [D, T], "int32"));
  const U = sub(rows, average(rows, [-1], true));
  const u = div(U, sqrt(sum(mul(U, U), [-1], true)));
  const expected = linear(p, W_U, false);
  return Session.compile({ p, U, u, gram: linear(u, W_U, true), expected }, {}, options);
}

/**
 * Everything of a layer that does not span the vocabulary, for all its heads:
 *
 *   keep      λ = (x/σ)·Uᵀ, taken from the first occurrence of each token; masked where the source is a function word
 *             or comes later. Per destination the K_q-th largest λ over first occurrences is the cut-off; pairs at or
 *             above it (within 1e-6) that are not masked are kept
 *   shift     (z̄ − z)/σ, head space: what mean ablation adds, seen by the unembedding   `[H, D, T, e]`
 *   coef      min(A·(v_k − z̄_q)·W_O·u_k, 0)/σ on kept pairs: what is kept of the head     `[H, D, T, T]`
 *   drift     expected change of the logits under p: of the ablation, and with `coef`    `[H, D, T, 1]`
 *   W_O       `[H, e, d]`
 */
export function compileLayer(config: ModelConfig, largestK: number, options: SessionOptions) {
  const g = new Graph();
  const { nHeads: H, dHead: e, dModel: d } = config;
  const W_O = perHeadOutput(declareWeights(g, config, 0).o_w, config);
  const scale = g.input("scale", [D, T, 1]);
  const U = g.input("U", [D, T, d]), u = g.input("u", [D, T, d]);
  const expected = g.input("expected", [D, T, d]);
  const headsFirst = (name: string) => transpose(g.input(name, [D, T, H, e]), [2, 0, 1, 3]);
  /** the part of rows `[D, T, d]` that each head writes along: `[H, D, T, e]` */
  const alongHeads = (rows: Value) =>
    reshape(matmulT(reshape(rows, [1, productDim([D, T]), d]), W_O), [H, D, T, e]);

  const keep = keptPairs(g, div(g.input("x", [D, T, d]), scale), U, largestK);
  const mean = unsqueeze(transpose(g.input("z_mean", [T, H, e]), [1, 0, 2]), 1);
  const shift = div(sub(mean, headsFirst("z")), scale);

  const along = alongHeads(u);
  const own = unsqueeze(sum(mul(headsFirst("v"), along), [-1]), 2);
  const pattern = transpose(g.input("pattern", [D, H, T, T]), [1, 0, 2, 3]);
  const component = mul(pattern, sub(own, matmulT(mean, along)));
  const coef = div(mul(min(component, 0), keep), scale);

  const drift = sum(mul(shift, alongHeads(expected)), [-1], true);
  const keptDrift = sum(mul(coef, matmulT(expected, u)), [-1], true);
  const outputs = { shift, coef, drift, driftKept: add(drift, keptDrift), W_O };
  return Session.compile(outputs, {}, options);
}

/** 1 where a (destination, source) pair is kept, `[D, T, T]`. */
function keptPairs(g: Graph, x: Value, U: Value, largestK: number): Value {
  const firstPlace = expand(unsqueeze(g.input("first_place", [D, T], "int32"), 1), [D, T, T]);
  const lens = gatherElements(matmulT(x, U), firstPlace, 2);
  const source = g.input("source", [D, 1, T], "bool");
  const causal = g.input("causal", [T, T], "bool");
  const masked = where(source, where(causal, lens, MASKED), MASKED);
  const ranking = where(g.input("first", [D, 1, T], "bool"), masked, MASKED);
  const top = largest(ranking, largestK);
  const cutoff = sum(mul(top, g.input("rank", [T, largestK])), [-1], true);
  const below = cast(less(add(masked, 1e-6), cutoff), "float32");
  return mul(sub(1, below), cast(greater(masked, MASKED / 10), "float32"));
}

/** Output weights of some heads seen by the unembedding: W_O `[G, e, d]` → `[G, e, V]`. */
export function compileOutputLogits(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const { dHead: e, dModel: d, vocabSize: V } = config;
  const W_O = reshape(g.input("W_O", [G, e, d]), [productDim([G, e]), d]);
  const logits = linear(W_O, g.input("W_U", [V, d]), true);
  return Session.compile({ OU: reshape(logits, [G, e, V]) }, {}, options);
}

/**
 * Divergences of some heads on some documents. With Δ the change of the logits and x = Δ − E_p[Δ],
 *
 *   KL(p ‖ softmax(y + Δ)) = log E_p[e^x] = log(1 + S),   S = E_p[e^x − 1 − x],
 *
 * where a small error of E_p[Δ] does not matter to first order. Most x are small, so e^x − 1 − x, of order x²/2, is
 * formed in double precision. Results `ablated`, `kept` `[G, D, T]` are S, or with
 * `shifted` the divergence itself as log Σ exp(log p + x), for changes so large that e^x overflows.
 */
export function compileDivergences(
  config: ModelConfig,
  shifted: boolean,
  options: SessionOptions,
) {
  const g = new Graph();
  const { dHead: e, vocabSize: V } = config;
  const p = g.input("p", [D, T, V]);
  const drift = g.input("drift", [G, D, T, 1]);
  const driftKept = g.input("drift_kept", [G, D, T, 1]);
  const shift = reshape(g.input("shift", [G, D, T, e]), [G, productDim([D, T]), e]);
  const change = reshape(matmul(shift, g.input("OU", [G, e, V])), [G, D, T, V]);
  const keptChange = add(change, matmul(g.input("coef", [G, D, T, T]), g.input("gram", [D, T, V])));
  const divergence = (x: Value) => {
    if (!shifted) {
      const wide = cast(x, "float64");
      return sum(mul(p, cast(sub(sub(exp(wide), wide), 1), "float32")), [-1]);
    }
    const weighted = add(x, g.add("Log", [p], "float32", p.shape));
    const axis = g.constant([-1], [1], "int64");
    return g.add("ReduceLogSumExp", [weighted, axis], "float32", [G, D, T], { keepdims: 0 });
  };
  return Session.compile(
    {
      ablated: divergence(sub(change, drift)),
      kept: divergence(sub(keptChange, driftKept)),
    },
    {},
    options,
  );
}
