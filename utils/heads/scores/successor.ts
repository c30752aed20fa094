/**
 * Scores successor heads: given the bare embedding of "Monday", does a head's OV circuit write "Tuesday"? (Gould et al.
 * 2023; `get_new_successor_head_scores_over_time.py` of the paper's code.)
 *
 *  1. M = mlp_0(W_E[words]): the first block's MLP applied directly, without its LayerNorm, on weights as stored. Where the
 *     model scales embeddings, M reads the scaled ones; where a norm follows the MLP, M is its output.
 *  2. S = M·W_V[h]·W_O[h]·W_U[words]ᵀ without biases, computed as (M·W_V)·(W_O·W_Uᵀ): two products of head width.
 *     Where a norm follows attention, W_O[h] is multiplied by its gain; its scale would leave the order as it is.
 *  3. A pair (word, next) succeeds if S[word, next] is the largest S[word, ·] over all next words of its list.
 *     Score = share of pairs that succeed, over all lists together.
 */
import {
  activate,
  declareWeights,
  type HookedModel,
  type ModelConfig,
  normalise,
  perHeadWeights,
  storedOutIn,
  writtenPerHead,
} from "../../model/mod.ts";
import {
  add,
  cast,
  defineProgram,
  expand,
  gather,
  gatherElements,
  Graph,
  less,
  linear,
  matmul,
  matmulT,
  maximum,
  mean,
  mul,
  reshape,
  Session,
  type SessionOptions,
  sub,
  type Tensor,
  tensor,
  unsqueeze,
  type Value,
} from "../../onnx/mod.ts";
import type { TokenPairs } from "./successor_words.ts";

const firstMlpProgram = defineProgram("successor mlp", compileFirstMlp);
const unembedRowsProgram = defineProgram("successor rows", compileUnembedRows);
const successorProgram = defineProgram("successor", compileSuccessor);

const int32 = (list: readonly number[]) => tensor(Int32Array.from(list), [list.length]);

/**
 * Computes S of all heads for n tokens: the logit of token j that a head writes on reading token i.
 * @param model model with weights as stored (not folded)
 * @param ids the n token ids
 * @returns `[L, H, n, n]` row-major
 */
export async function successorLogits(
  model: HookedModel,
  ids: readonly number[],
): Promise<Float32Array> {
  const { nLayers: L, nHeads: H } = model.config;
  const size = H * ids.length ** 2;
  const out = new Float32Array(L * size);
  const feeds = { inputs: int32(ids.map((_, i) => i)) };
  await eachLayer(model, ids, "logits", feeds, (l, data) => out.set(data, l * size));
  return out;
}

/**
 * Computes the successor scores of all heads.
 * @param model model with weights as stored (not folded)
 * @param lists pairs from `successorPairs`
 * @returns scores `[L, H]` row-major, 0 … 1
 * @throws Error if there are no pairs
 */
export async function successorScores(
  model: HookedModel,
  lists: readonly TokenPairs[],
): Promise<Float32Array> {
  const { nLayers: L, nHeads: H } = model.config;
  const ids = [...new Set(lists.flatMap(({ inputs, targets }) => [...inputs, ...targets]))];
  if (ids.length === 0) {
    throw new Error("successor score: no pair of single tokens in any list for this tokenizer");
  }
  const place = new Map(ids.map((id, i) => [id, i]));
  const out = new Float32Array(L * H);
  await eachLayer(
    model,
    ids,
    "scores",
    pairFeeds(lists, place),
    (l, data) => out.set(data, l * H),
  );
  return out;
}

/** Makes the feeds per pair: row of the input, column of the target, and −∞ at columns that are not list targets. */
function pairFeeds(lists: readonly TokenPairs[], place: Map<number, number>) {
  const at = (id: number) => place.get(id)!;
  const count = lists.reduce((n, { inputs }) => n + inputs.length, 0);
  const others = new Float32Array(count * place.size).fill(-Infinity);
  let row = 0;
  for (const { inputs, targets } of lists) {
    for (const _ of inputs) {
      for (const target of targets) others[row * place.size + at(target)] = 0;
      row++;
    }
  }
  return {
    inputs: int32(lists.flatMap(({ inputs }) => inputs.map(at))),
    targets: int32(lists.flatMap(({ targets }) => targets.map(at))),
    others: tensor(others, [count, place.size]),
  };
}

async function eachLayer(
  model: HookedModel,
  ids: readonly number[],
  kind: "logits" | "scores",
  feeds: Record<string, Tensor>,
  take: (layer: number, data: Float32Array) => void,
): Promise<void> {
  const { config, runtime, weights } = model;
  const toMlp = await firstMlpProgram(runtime, config);
  const toRows = await unembedRowsProgram(runtime, config);
  const session = await successorProgram(runtime, config, kind);
  const words = int32(ids);
  const { M } = await toMlp.run({
    words,
    ...await weights.embedding(),
    ...await weights.layerFeeds(0),
  });
  const { U } = await toRows.run({ words, ...await weights.unembedding() });
  for await (const { layer, feeds: ofLayer } of weights.layers()) {
    const { result } = await session.run({ ...ofLayer, ...feeds, M, U });
    take(layer, result.data);
  }
}

/** Compiles: words → M `[n, d]`. */
function compileFirstMlp(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const w = declareWeights(g, config, 0);
  const outIn = storedOutIn(config);
  const E = gather(
    g.input("W_E", [config.vocabSize, config.dModel]),
    g.input("words", ["words"], "int32"),
  );
  const { llama } = config;
  if (llama) {
    const x = llama.embedScale === 1 ? E : mul(E, llama.embedScale);
    const post = mul(activate(linear(x, w.gate_w!, outIn), config), linear(x, w.in_w, outIn));
    const out = linear(post, w.out_w, outIn);
    const M = w.ln2_post_w ? normalise(out, w.ln2_post_w, w.ln2_post_w, config).output : out;
    return Session.compile({ M }, {}, options);
  }
  const post = activate(add(linear(E, w.in_w, outIn), w.in_b), config);
  return Session.compile({ M: add(linear(post, w.out_w, outIn), w.out_b) }, {}, options);
}

/** Compiles: words → rows of the unembedding `[n, d]`. */
function compileUnembedRows(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const W_U = g.input("W_U", [config.vocabSize, config.dModel]);
  return Session.compile({ U: gather(W_U, g.input("words", ["words"], "int32")) }, {}, options);
}

function compileSuccessor(config: ModelConfig, kind: "logits" | "scores", options: SessionOptions) {
  const g = new Graph();
  const logits = ovLogits(g, config);
  if (kind === "logits") return Session.compile({ result: logits }, {}, options);
  const H = config.nHeads;
  const targets = g.input("targets", ["pairs"], "int32");
  const columns = expand(reshape(targets, [1, "pairs", 1]), [H, "pairs", 1]);
  const own = gatherElements(logits, columns, 2);
  const best = maximum(add(logits, g.input("others", ["pairs", "words"])), [2], true);
  const failed = mean(cast(less(own, best), "float32"), [1, 2]);
  return Session.compile({ result: sub(1, failed) }, {}, options);
}

/** Builds S at the rows `inputs`, `[H, inputs, words]`. */
function ovLogits(g: Graph, config: ModelConfig): Value {
  const d = config.dModel;
  const w = declareWeights(g, config, 0);
  const inputs = g.input("inputs", ["pairs"], "int32");
  const M = unsqueeze(gather(g.input("M", ["words", d]), inputs), 0);
  const W_V = perHeadWeights(w, config).weights[2];
  const values = storedOutIn(config) ? matmulT(M, W_V) : matmul(M, W_V);
  const toWords = matmulT(writtenPerHead(w, config), unsqueeze(g.input("U", ["words", d]), 0));
  return matmul(values, toWords);
}
