/**
 * Computes copy scores: does a head that attends to a name write that name? (Wang et al. 2022, appendix;
 * `compute_copy_score` of the paper's code.)
 *
 *  1. r = residual stream after block 0 at the positions of the names, without LayerNorm.
 *  2. Per head  o = ±(r·W_V + b_V)·W_O  and  logits = o·W_U + b_U, without b_O and the final LayerNorm. The minus gives
 *     the negative score, which finds copy suppression.
 *  3. A hit is a name among its own top 5 logits. Score = 100 · hits / (prompts · positions) percent.
 *
 * Where a norm follows attention, o is multiplied by its gain. Its scale is positive and leaves the order as it is.
 *
 * The values v = r·W_V + b_V have head width, so the logits are computed as v·(W_O·W_U). For typical numbers of prompts
 * this takes a third of the arithmetic of the residual width. Both signs share the product. Defined on folded weights.
 */
import {
  declareWeights,
  type HookedModel,
  type ModelConfig,
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
  mul,
  productDim,
  reshape,
  Session,
  type SessionOptions,
  slice,
  sub,
  sum,
  type Tensor,
  tensor,
  topK,
  unsqueeze,
  type Value,
} from "../../onnx/mod.ts";
import type { PromptPair } from "../../tasks/mod.ts";

/** Holds the copy scores of all heads, each `[L, H]` row-major, 0 … 100 percent. */
export interface CopyScores {
  /** Share of names that the head copies. */
  positive: Float32Array;
  /** Share of names that the head's negated output copies. */
  negative: Float32Array;
}

/** Sets what counts as copied, and the batch sizes. */
export interface CopyScoreOptions {
  /** Number of largest logits that count as predicted. Default: 5. */
  topK?: number;
  /** Bytes of logits per run, for one sign. Default: 128 MiB. */
  logitBytes?: number;
  /** Names per run. Default: 1024. */
  rowsAtOnce?: number;
}

const GROUP = "group";

const valuesProgram = defineProgram("copy values", compileValues);
const missesProgram = defineProgram("copy misses", compileMisses);

/**
 * Computes the copy scores of all heads.
 * @param model model with folded weights
 * @param prompts token ids of each prompt
 * @param positions positions of the names in each prompt, e.g. IO, S1 and S2; the name is the token there
 * @example The largest copy score of a name that a prompt repeats.
 * ```ts
 * import { copyScores } from "../mod.ts";
 * import { HookedModel } from "../../model/mod.ts";
 * import { assert } from "@std/assert";
 *
 * const model = await HookedModel.load("pythia-nano", { processing: { foldLayerNorm: true } });
 * const prompt = model.toTokens("Then, Alex and Anthony had a lot of fun");
 * const { positive } = await copyScores(model, [prompt], [[2, 4]]);
 * assert(Math.max(...positive) === 100);
 * ```
 */
export async function copyScores(
  model: HookedModel,
  prompts: readonly (readonly number[])[],
  positions: readonly (readonly number[])[],
  options: CopyScoreOptions = {},
): Promise<CopyScores> {
  const { rowsAtOnce = 1024 } = options;
  const { nLayers: L, nHeads: H } = model.config;
  const hits = { positive: new Float64Array(L * H), negative: new Float64Array(L * H) };
  const { residual } = await model.run(prompts, { to: 1 });
  const pos = residual.shape[1];
  const rows = positions.flatMap((list, n) => list.map((p) => n * pos + p));
  const names = positions.flatMap((list, n) => list.map((p) => prompts[n][p]));
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    await countHits(
      model,
      {
        residual,
        rows: int32(rows.slice(from, from + rowsAtOnce)),
        names: int32(names.slice(from, from + rowsAtOnce)),
      },
      options,
      hits,
    );
  }
  const percent = (counts: Float64Array) => Float32Array.from(counts, (n) => 100 * n / rows.length);
  return { positive: percent(hits.positive), negative: percent(hits.negative) };
}

/**
 * Computes copy scores for the names IO, S1 and S2 of indirect-object prompts.
 * @param model model with folded weights
 * @param prompts prompts with the marks IO, S1 and S2
 */
export function nameCopyScores(
  model: HookedModel,
  prompts: readonly Pick<PromptPair, "clean" | "marks">[],
): Promise<CopyScores> {
  return copyScores(
    model,
    prompts.map(({ clean }) => clean),
    prompts.map(({ marks }) => [marks!.IO, marks!.S1, marks!.S2]),
  );
}

const int32 = (list: number[]) => tensor(Int32Array.from(list), [list.length]);

async function countHits(
  model: HookedModel,
  feeds: { residual: Tensor; rows: Tensor; names: Tensor },
  { topK = 5, logitBytes = 128 * 2 ** 20 }: CopyScoreOptions,
  hits: { positive: Float64Array; negative: Float64Array },
): Promise<void> {
  const { config, runtime, weights } = model;
  const { nHeads: H, dHead: e, dModel: d, vocabSize: V } = config;
  const unembed = await weights.unembedding();
  const bias = "b_U" in unembed;
  const values = await valuesProgram(runtime, config);
  const counting = await missesProgram(runtime, config, bias, topK);
  const count = feeds.rows.shape[0];
  const size = Math.min(H, Math.max(1, Math.floor(logitBytes / (4 * count * V))));
  for await (const { layer: l, feeds: ofLayer } of weights.layers()) {
    const { v, W_O } = await values.run({ ...feeds, ...ofLayer });
    for (let h = 0; h < H; h += size) {
      const n = Math.min(size, H - h);
      const { positive, negative } = await counting.run({
        ...unembed,
        names: feeds.names,
        v: tensor(v.data.subarray(h * count * e, (h + n) * count * e), [n, count, e]),
        W_O: tensor(W_O.data.subarray(h * e * d, (h + n) * e * d), [n, e, d]),
      });
      positive.data.forEach((missed, i) => hits.positive[l * H + h + i] += count - missed);
      negative.data.forEach((missed, i) => hits.negative[l * H + h + i] += count - missed);
    }
  }
}

/** Compiles: residual stream, rows → v `[H, rows, d_head]` and W_O `[H, d_head, d]`. */
function compileValues(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const { nHeads: H, dHead: e, dModel: d } = config;
  const residual = reshape(g.input("residual", ["batch", "pos", d]), [
    productDim(["batch", "pos"]),
    d,
  ]);
  const r = unsqueeze(gather(residual, g.input("rows", ["rows"], "int32")), 0);
  const w = declareWeights(g, config, 0);
  const { weights: [, , W_V], biases: [, , b_V] } = perHeadWeights(w, config);
  const product = storedOutIn(config) ? matmulT(r, W_V) : matmul(r, W_V);
  const v = add(product, reshape(b_V, [H, 1, e]));
  return Session.compile({ v, W_O: writtenPerHead(w, config) }, {}, options);
}

/** Compiles: v and W_O of a group of heads, unembedding, names `[rows]` → count of names missed, per sign `[group]`. */
function compileMisses(config: ModelConfig, bias: boolean, k: number, options: SessionOptions) {
  const g = new Graph();
  const { dHead: e, dModel: d, vocabSize: V } = config;
  const v = g.input("v", [GROUP, "rows", e]);
  const W_O = reshape(g.input("W_O", [GROUP, e, d]), [productDim([GROUP, e]), d]);
  const toLogits = reshape(linear(W_O, g.input("W_U", [V, d]), true), [GROUP, e, V]);
  const logits = matmul(v, toLogits);
  const b_U = bias ? g.input("b_U", [V]) : undefined;
  const names = expand(reshape(g.input("names", ["rows"], "int32"), [1, "rows", 1]), [
    GROUP,
    "rows",
    1,
  ]);
  const misses = (signed: Value) => {
    const own = gatherElements(signed, names, 2);
    const last = slice(topK(signed, k).values, 2, k - 1, k);
    return sum(cast(less(own, last), "float32"), [1, 2]);
  };
  const positive = misses(b_U ? add(logits, b_U) : logits);
  const negative = misses(b_U ? sub(b_U, logits) : mul(logits, -1));
  return Session.compile({ positive, negative }, {}, options);
}
