/**
 * Compiles the graphs of CSPA (`cspa.ts` explains the method).
 *
 * Shapes: D documents of T tokens, H heads of width e, vocabulary V in slices of C.
 * Symbols: p clean probabilities; σ scale of the final LayerNorm; U rows of W_U at the document's tokens, minus their
 * mean (LayerNorm removes it; TransformerLens folds it away; an RMSNorm does not); u = U/‖U‖; z̄ mean of z over documents; A pattern;
 * λ logit lens of source tokens at destinations.
 */
import {
  declareWeights,
  isRms,
  type ModelConfig,
  normalise,
  ungrouped,
  writtenPerHead,
} from "../../model/mod.ts";
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
  less,
  linear,
  matmul,
  matmulT,
  max,
  maximum,
  mean as average,
  min,
  mul,
  productDim,
  reshape,
  Session,
  type SessionOptions,
  type Shape,
  sqrt,
  sub,
  sum,
  tanh,
  topK,
  transpose,
  unsqueeze,
  type Value,
  where,
} from "../../onnx/mod.ts";

const [D, T, G, R, C] = ["docs", "tokens", "group", "docs*tokens", "columns"];
const MASKED = -1e9;

/** Compiles `zs + share · Σ_documents z`, which adds `[D, T, H, e]` to `[T, H, e]`. */
export function compileAccumulate(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const { nHeads: H, dHead: e } = config;
  const part = mul(g.input("share", []), sum(g.input("z", [D, T, H, e]), [0]));
  const total = add(g.input("zs", [T, H, e]), part);
  return Session.compile({ total }, {}, options);
}

/** Compiles: final residual stream, ids → normalised stream `[R, d]`, and U, u `[D, T, d]`; R = D·T rows. */
export function compileText(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const { dModel: d, vocabSize: V } = config;
  const x = g.input("residual", [D, T, d]);
  const norm = normalise(x, g.input("ln_f_w", [d]), g.input("ln_f_b", [d]), config);
  const rows = gather(g.input("W_U", [V, d]), g.input("ids", [D, T], "int32"));
  const U = isRms(config) ? rows : sub(rows, average(rows, [-1], true));
  const u = div(U, sqrt(sum(mul(U, U), [-1], true)));
  const normalized = reshape(norm.output, [productDim([D, T]), d]);
  return Session.compile({ normalized, U, u }, {}, options);
}

/** Compiles the logits of a slice of the vocabulary `[R, C]` and their log Σ exp `[R]`. */
export function compileLogits(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const d = config.dModel;
  const product = linear(g.input("normalized", [R, d]), g.input("W_U", [C, d]), true);
  const logits = add(product, g.input("b_U", [C]));
  const axis = g.constant([1], [1], "int64");
  const total = g.add("ReduceLogSumExp", [logits, axis], "float32", [R], { keepdims: 0 });
  return Session.compile({ logits, total }, {}, options);
}

/**
 * Compiles a slice of the clean run: p `[R, C]`, `gram` = u·W_Uᵀ `[R, C]`, and `expected` + p·W_U `[R, d]`.
 */
export function compileSlice(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const d = config.dModel;
  const W_U = g.input("W_U", [C, d]);
  const p = exp(sub(g.input("logits", [R, C]), g.input("total", [R, 1])));
  const gram = linear(g.input("u", [R, d]), W_U, true);
  const expected = add(g.input("expected", [R, d]), linear(p, W_U, false));
  return Session.compile({ p, gram, expected }, {}, options);
}

/**
 * Compiles everything of a layer that does not span the vocabulary, for all its heads:
 *
 *   keep      λ = (x/σ)·Uᵀ, read at the first occurrence of each token; masked where the source is a function word or
 *             comes after the destination. The cut-off of destination q is the K_q-th largest λ over first occurrences.
 *             Kept are the unmasked pairs at or above the cut-off (within 1e-6)
 *   shift     (z̄ − z)/σ in head space: what mean ablation adds, as the unembedding reads it   `[H, D, T, e]`
 *   coef      min(A·(v_k − z̄_q)·W_O·u_k, 0)/σ on kept pairs: the kept part of the head       `[H, D, T, T]`
 *   drift     expected change of the logits under p, for the ablation and with `coef`         `[H, D, T, 1]`
 *   W_O       `[H, e, d]`
 *
 * Where a norm follows attention, z and v_k are divided by its scale at the destination, and W_O has its gain.
 */
export function compileLayer(config: ModelConfig, largestK: number, options: SessionOptions) {
  const g = new Graph();
  const { nHeads: H, dHead: e, dModel: d } = config;
  const W_O = writtenPerHead(declareWeights(g, config, 0), config);
  const scale = g.input("scale", [D, T, 1]);
  const U = g.input("U", [D, T, d]), u = g.input("u", [D, T, d]);
  const expected = g.input("expected", [D, T, d]);
  const post = config.llama?.postNorm ? g.input("post_scale", [D, T, 1]) : undefined;
  const headsFirst = (x: Value) => transpose(x, [2, 0, 1, 3]);
  const zs = headsFirst(g.input("z", [D, T, H, e]));
  const z = post ? div(zs, post) : zs;
  /** Projects rows `[D, T, d]` back through each head's W_O: `[H, D, T, e]`. */
  const alongHeads = (rows: Value) =>
    reshape(matmulT(reshape(rows, [1, productDim([D, T]), d]), W_O), [H, D, T, e]);

  const keep = keptPairs(g, div(g.input("x", [D, T, d]), scale), U, largestK);
  const mean = unsqueeze(transpose(g.input("z_mean", [T, H, e]), [1, 0, 2]), 1);
  const shift = div(sub(mean, z), scale);

  const along = alongHeads(u);
  const K = config.llama?.nKvHeads ?? H;
  const shared = g.input("v", [D, T, K, e]);
  const v = headsFirst(K === H ? shared : ungrouped(shared, 2, config));
  const ofSource = unsqueeze(sum(mul(v, along), [-1]), 2);
  const own = post ? div(ofSource, post) : ofSource;
  const pattern = transpose(g.input("pattern", [D, H, T, T]), [1, 0, 2, 3]);
  const component = mul(pattern, sub(own, matmulT(mean, along)));
  const coef = div(mul(min(component, 0), keep), scale);

  const drift = sum(mul(shift, alongHeads(expected)), [-1], true);
  const keptDrift = sum(mul(coef, matmulT(expected, u)), [-1], true);
  const outputs = { shift, coef, drift, driftKept: add(drift, keptDrift), W_O };
  return Session.compile(outputs, {}, options);
}

/** Returns 1 where a (destination, source) pair is kept and 0 elsewhere, `[D, T, T]`. */
function keptPairs(g: Graph, x: Value, U: Value, largestK: number): Value {
  const firstPlace = expand(unsqueeze(g.input("first_place", [D, T], "int32"), 1), [D, T, T]);
  const lens = gatherElements(matmulT(x, U), firstPlace, 2);
  const source = g.input("source", [D, 1, T], "bool");
  const causal = g.input("causal", [T, T], "bool");
  const masked = where(source, where(causal, lens, MASKED), MASKED);
  const ranking = where(g.input("first", [D, 1, T], "bool"), masked, MASKED);
  const top = topK(ranking, largestK).values;
  const cutoff = sum(mul(top, g.input("rank", [T, largestK])), [-1], true);
  const below = cast(less(add(masked, 1e-6), cutoff), "float32");
  return mul(sub(1, below), cast(greater(masked, MASKED / 10), "float32"));
}

/** Compiles the product of all heads' W_O `[H, e, d]` with a slice of the unembedding: `[H, e, C]`. */
export function compileOutputLogits(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const { nHeads: H, dHead: e, dModel: d } = config;
  const W_O = reshape(g.input("W_O", [H, e, d]), [H * e, d]);
  const logits = linear(W_O, g.input("W_U", [C, d]), true);
  return Session.compile({ OU: reshape(logits, [H, e, C]) }, {}, options);
}

/** Largest change of a logit for which the quick form of {@link compileDivergences} is precise enough. */
export const QUICK_LIMIT = 4;

/**
 * Compiles the contribution of a slice of the vocabulary to the divergences of G heads on D documents. With Δ the
 * change of the logits y and x = Δ − E_p[Δ],
 *
 *   KL(p ‖ softmax(y + Δ)) = log E_p[e^x] = log(1 + S),   S = E_p[e^x − 1 − x],
 *
 * where a small error of E_p[Δ] cancels to first order. The graph returns S `[G, D, T]` of the ablation and S with copy
 * suppression kept. Most x are small and S is second order in them, so e^x − 1 must not come from e^x in float32:
 *
 *   quick   e^x − 1 = 2t/(1 − t) with t = tanh(x/2), a vectorised operator in ONNX Runtime, for
 *           x ≤ {@link QUICK_LIMIT}. Also returns the largest x/2, `[G, D, T]`
 *   exact   in float64, several times slower
 */
export function compileDivergences(
  config: ModelConfig,
  form: "quick" | "exact",
  options: SessionOptions,
) {
  const g = new Graph();
  const e = config.dHead;
  const p = g.input("p", [D, T, C]);
  const half = (name: string, shape: Shape) => mul(g.input(name, shape), 0.5);
  const shift = reshape(half("shift", [G, D, T, e]), [G, productDim([D, T]), e]);
  const change = reshape(matmul(shift, g.input("OU", [G, e, C])), [G, D, T, C]);
  const back = matmul(half("coef", [G, D, T, T]), g.input("gram", [D, T, C]));
  const ablated = sub(change, half("drift", [G, D, T, 1]));
  const kept = sub(add(change, back), half("drift_kept", [G, D, T, 1]));
  const expectation = (y: Value) => {
    if (form === "exact") {
      const x = mul(cast(y, "float64"), 2);
      return sum(mul(cast(p, "float64"), sub(sub(exp(x), 1), x)), [-1]);
    }
    const t = tanh(y);
    return mul(sum(mul(p, sub(div(t, sub(1, t)), y)), [-1]), 2);
  };
  const outputs = { ablated: expectation(ablated), kept: expectation(kept) };
  if (form === "exact") return Session.compile<string>(outputs, {}, options);
  const largest = max(maximum(ablated, [-1]), maximum(kept, [-1]));
  return Session.compile<string>({ ...outputs, largest }, {}, options);
}
