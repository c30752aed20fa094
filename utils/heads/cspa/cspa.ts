/**
 * Computes CSPA, copy-suppression-preserving ablation: how much of a head's effect copy suppression alone explains
 * (McDougall et al. 2023; the paper's `cspa_main`). For every head:
 *
 *  1. Mean-ablate the head: replace its output o[q] by its mean μ[q] over documents. Only the direct effect on the
 *     logits changes; the final LayerNorm's scale σ stays.
 *  2. Restore what copy suppression would do. For each destination q, rank the sources k by the logit lens
 *     λ[q,k] = (x[q]/σ[q])·W_U[t_k]. Take the best ⌈5 % · (q+1)⌉ first occurrences, without function words, and keep
 *     every occurrence of these tokens. Of a kept pair, only the part of A[q,k](v_k·W_O − μ[q]) along −W_U[t_k] counts.
 *  3. score = 1 − mean KL(clean ‖ kept) / mean KL(clean ‖ ablated) over documents and positions. The score is 1 if the
 *     head does nothing but copy suppression, and 0 if it does none.
 *
 * Where a norm follows attention, a head's output is its share of what the norm lets through, with the norm's scale frozen.
 * Logits must not be capped: the changes of logits would not be low-rank.
 *
 * A masked pair is never kept, even where a destination has fewer candidates than it may keep.
 *
 * Cost: both changes of the logits are low-rank. (z̄ − z)·(W_O·W_U) has head width. The kept part combines the
 * document's own tokens, whose products u_k·W_U are computed once for all heads and layers. No head needs a product of
 * residual width with the vocabulary. What remains is one tanh or exponential per logit and ablation.
 */
import {
  type HookedModel,
  hookName,
  hookNames,
  type ModelConfig,
  refuseTraits,
} from "../../model/mod.ts";
import { defineProgram, type Feeds, type Tensor, tensor } from "../../onnx/mod.ts";
import { layerDivergences } from "./cspa_divergences.ts";
import { compileAccumulate } from "./cspa_graphs.ts";
import { cleanText } from "./cspa_text.ts";

/** Sets what CSPA evaluates and keeps. */
export interface CspaOptions {
  /** Number of documents to evaluate, from the first on. Default: 17. The means are over all documents. */
  evalDocs?: number;
  /** Share of the sources up to a destination that it may keep. Default: 0.05. */
  kUnembeddings?: number;
  /** Token ids that are never a source (`functionWordIds`). */
  functionWords: readonly number[];
  /** First layer to score; earlier layers get score 0. Default: 0. */
  startLayer?: number;
  /** Vocabulary tokens per slice. Default: 2048, which fits in a processor's cache. */
  columns?: number;
  /** Called after each layer. */
  onLayer?: (layer: number) => void;
}

/** Holds the scores of all heads and the mean divergences they come from, each `[L, H]` row-major. */
export interface CspaScores {
  /** CSPA, 1 − kept/ablated. */
  scores: Float32Array;
  /** Mean KL(clean ‖ kept) in nats. */
  kept: Float32Array;
  /** Mean KL(clean ‖ ablated) in nats. */
  ablated: Float32Array;
}

const accumulateProgram = defineProgram("cspa means", compileAccumulate);

/** Documents per run for the means. */
const DOCS_AT_ONCE = 10;

/**
 * Computes the CSPA scores of all heads.
 * @param model model with folded weights (`FOLDED`)
 * @param docs token lists of equal length, BOS included
 * @throws Error if the weights are not folded, there are no documents, or their lengths differ
 */
export async function cspaScores(
  model: HookedModel,
  docs: readonly (readonly number[])[],
  options: CspaOptions,
): Promise<CspaScores> {
  const { config, weights } = model;
  checkCspaModel(config);
  const { nLayers: L, nHeads: H } = config;
  const { evalDocs = 17, startLayer = 0, columns = 2048 } = options;
  const unembed = await weights.unembedding();
  if (!("b_U" in unembed)) {
    throw new Error("CSPA is defined on folded weights: load the model with processing: FOLDED");
  }
  const odd = docs.findIndex((doc) => doc.length !== docs[0].length);
  if (docs.length === 0 || odd >= 0) {
    throw new Error(
      odd < 0
        ? "CSPA needs at least one document"
        : `CSPA: document ${odd} has ${docs[odd].length} tokens, document 0 has ${docs[0].length}`,
    );
  }
  const evaluated = docs.slice(0, evalDocs);
  const means = await meanValues(model, docs, startLayer);
  const text = await cleanText(model, evaluated, unembed, columns);
  const result = {
    scores: new Float32Array(L * H),
    kept: new Float32Array(L * H),
    ablated: new Float32Array(L * H),
  };
  const pairs = pairFeeds(evaluated, options);
  let { residual: x } = await model.run(evaluated, { to: startLayer });
  for (let l = startLayer; l < L; l++) {
    const points = ["attn.hook_v", "attn.hook_pattern", "attn.hook_z"];
    if (config.llama?.postNorm) points.push("ln1_post.hook_scale");
    const read = points.map((p) => hookName(l, p));
    const run = await model.runBlocks(x, { from: l, to: l + 1, read });
    const [v, pattern, z, post] = read.map((name) => run.hooks.get(name)!);
    const scales: Feeds = post ? { post_scale: post } : {};
    const feeds = { x, v, pattern, z, ...scales, z_mean: means[l], ...pairs, ...text.feeds };
    const heads = await layerDivergences(model, l, feeds, text);
    heads.forEach(({ kept, ablated }, h) => {
      result.kept[l * H + h] = kept;
      result.ablated[l * H + h] = ablated;
      result.scores[l * H + h] = ablated > 0 ? 1 - kept / ablated : 0;
    });
    x = run.residual;
    options.onLayer?.(l);
  }
  return result;
}

/**
 * Checks that CSPA is defined for a model.
 * @throws UserError naming the architecture if its logits are capped.
 */
export function checkCspaModel(config: ModelConfig): void {
  refuseTraits(config, "CSPA", { cappedLogits: true });
}

/**
 * Averages z, divided by the scale of a norm that follows attention, over the documents at each position: per layer `[T, H, e]`,
 * in one pass for all heads.
 */
async function meanValues(
  model: HookedModel,
  docs: readonly (readonly number[])[],
  startLayer: number,
): Promise<Tensor<Float32Array>[]> {
  const { config, runtime } = model;
  const { nLayers: L, nHeads: H, dHead: e } = config;
  const accumulate = await accumulateProgram(runtime, config);
  const shape = [docs[0].length, H, e];
  const size = shape.reduce((a, b) => a * b);
  const share = tensor(Float32Array.of(1 / docs.length), []);
  const totals: Tensor<Float32Array>[] = Array.from(
    { length: L },
    () => tensor(new Float32Array(size), shape),
  );
  const names = hookNames(config, "attn.hook_z").slice(startLayer);
  const scales = config.llama?.postNorm
    ? hookNames(config, "ln1_post.hook_scale").slice(startLayer)
    : [];
  for (let from = 0; from < docs.length; from += DOCS_AT_ONCE) {
    const { hooks } = await model.run(docs.slice(from, from + DOCS_AT_ONCE), {
      read: [...names, ...scales],
    });
    for (const [i, name] of names.entries()) {
      const found = hooks.get(name)!, by = hooks.get(scales[i])?.data;
      const z = by
        ? tensor(found.data.map((x, at) => x / by[Math.floor(at / (H * e))]), found.shape)
        : found;
      const feeds = { zs: totals[startLayer + i], z, share };
      totals[startLayer + i] = (await accumulate.run(feeds)).total;
    }
  }
  return totals;
}

/** Makes the index and mask feeds of the layer graph: which pairs may be kept, and how many. */
function pairFeeds(
  docs: readonly (readonly number[])[],
  { functionWords, kUnembeddings = 0.05 }: CspaOptions,
): Feeds {
  const [D, T] = [docs.length, docs[0].length];
  const isFunctionWord = new Set(functionWords);
  const firstPlace = docs.flatMap((doc) => doc.map((id) => doc.indexOf(id)));
  const flags = (list: boolean[], shape: number[]) => tensor(Uint8Array.from(list, Number), shape);
  const counts = Array.from({ length: T }, (_, q) => Math.ceil(kUnembeddings * (q + 1)));
  const largestK = Math.min(T, counts[T - 1]);
  const rank = new Float32Array(T * largestK);
  counts.forEach((count, q) => rank[q * largestK + Math.min(count, largestK) - 1] = 1);
  return {
    first_place: tensor(Int32Array.from(firstPlace), [D, T]),
    first: flags(firstPlace.map((place, i) => place === i % T), [D, 1, T]),
    source: flags(docs.flatMap((doc) => doc.map((id) => !isFunctionWord.has(id))), [D, 1, T]),
    causal: flags(
      Array.from({ length: T * T }, (_, i) => i % T <= Math.floor(i / T)),
      [T, T],
    ),
    rank: tensor(rank, [T, largestK]),
  };
}
