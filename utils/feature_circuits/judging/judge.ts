/**
 * Judges the attribution graph of a prompt by interventions:
 *
 *  1. Make the graph of the metric, its influence and its pruned form.
 *  2. Ablate every feature on which the metric depends through some path, one at a time, with attention frozen and with nothing
 *     frozen. Correlate ranks: the size of the effect with influence, with the size of the total effect in the frozen model and
 *     of the edge into the target; and the effect with the total effect, signs included. A feature without a path has no
 *     influence and no effect by construction, so counting it would only raise the correlation.
 *  3. Mask the pruned graph's features, and all others, four ways (`circuit_masks.ts`), beside matched random features.
 *
 * The published figure for step 2 is a Spearman ρ of 0.72 between influence and ablation (Ameisen et al., 2025), for a large
 * model with cross-layer coders.
 */
import { mean } from "../../base/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { Coder } from "../../transcoders/mod.ts";
import { attributionGraph, graphScores, pruneGraph } from "../graph/mod.ts";
import { linearRun } from "../linear/mod.ts";
import { cleanPrompt } from "../interventions/mod.ts";
import { ablationEffects } from "./ablation_effects.ts";
import { MASK_KINDS, maskedMetrics, type MaskKind, type MaskOptions } from "./circuit_masks.ts";
import type { FeatureStatistics } from "./feature_statistics.ts";
import { matchedFeatures, writtenNorms } from "./matched_features.ts";
import { type LogitMetric, metricOf, metricTarget } from "./metric.ts";
import { spearman } from "./rank_correlation.ts";
import { directEffects, totalEffects } from "./total_effects.ts";

/** A prompt, read at its last token. */
export interface JudgedPrompt {
  /** token ids up to the read-out */
  tokens: readonly number[];
  /** what is read */
  metric: LogitMetric;
}

/** Options of {@link judgePrompt}. */
export interface JudgeOptions {
  /** share of influence that the pruned graph's nodes have; default 0.8 */
  nodeThreshold?: number;
  /** share of edge scores that its edges have; default 0.98 */
  edgeThreshold?: number;
  /** attention patterns under masks; default: as in the clean run */
  attention?: MaskOptions["attention"];
  /** random circuits per prompt; default 5 */
  controls?: number;
  /** seed of the random circuits; default 0 */
  seed?: number;
}

/** Spearman's ρ with the effects of ablations; null where one side is constant. */
export interface AblationRanks {
  /** influence, with the size of the effect */
  influence: number | null;
  /** size of the total effect in the frozen model, with the size of the effect */
  total: number | null;
  /** size of the edge into the target, with the size of the effect */
  direct: number | null;
  /** total effect, with the effect: signs count */
  signed: number | null;
  /** influence, with the size of the effect, among the tenth of the features with the largest influence */
  strongest: number | null;
  /** |activation|·‖decoder row‖, with the size of the effect: what is known without a graph */
  norm: number | null;
}

/** What masks leave of the metric. */
export interface MaskedCircuit extends MaskKind {
  /** nothing masked */
  full: number;
  /** every feature masked */
  none: number;
  /** the circuit alone */
  only: number;
  /** all but the circuit */
  without: number;
  /** means over the random circuits */
  random_only: number;
  /** means over the random circuits */
  random_without: number;
}

/** How well a prompt's graph predicts interventions. */
export interface PromptJudgement {
  /** the metric of the clean run */
  metric: number;
  /** active features */
  features: number;
  /** features with a path to the metric: those that are ablated */
  connected: number;
  /** features in the pruned graph */
  circuit: number;
  /** features of the circuit without a random counterpart, mean over the random circuits */
  unmatched: number;
  /** replacement score of the whole graph */
  replacement: number;
  /** completeness score of the whole graph */
  completeness: number;
  /** attention patterns as in the clean run */
  frozen_attention: AblationRanks;
  /** nothing frozen */
  free: AblationRanks;
  /** by kind of mask, in the order of {@link MASK_KINDS} */
  masks: MaskedCircuit[];
}

/**
 * Judges one prompt; see the header.
 * @param statistics of the features on the prompts of the task
 * @throws Error naming a coder that does not fit the model, or a layer without its coder.
 */
export async function judgePrompt(
  model: HookedModel,
  coders: readonly Coder[],
  { tokens, metric }: JudgedPrompt,
  statistics: FeatureStatistics,
  { nodeThreshold, edgeThreshold, attention = "frozen_attention", controls = 5, seed = 0 }:
    JudgeOptions = {},
): Promise<PromptJudgement> {
  const run = await linearRun(model, coders, tokens);
  const graph = await attributionGraph(run, [await metricTarget(model, tokens.length - 1, metric)]);
  const { influence, nodes } = pruneGraph(graph, { nodeThreshold, edgeThreshold });
  const K = graph.activations.length, all = Array.from({ length: K }, (_, i) => i);
  const connected = all.filter((i) => influence[i] > 0), circuit = all.filter((i) => nodes[i]);
  const place = (i: number) => graph.features.subarray(3 * i, 3 * i + 3);
  const places = Int32Array.from(connected.flatMap((i) => [...place(i)]));
  const clean = await cleanPrompt(model, coders, tokens);

  const pick = (values: ArrayLike<number>) => connected.map((i) => values[i]);
  const predicted = {
    influence: pick(influence),
    total: pick(totalEffects(graph)),
    direct: pick(directEffects(graph)),
    norm: pick(writtenNorms(graph, coders)),
  };
  const strongest = Array.from(connected.keys())
    .sort((a, b) => predicted.influence[b] - predicted.influence[a])
    .slice(0, Math.ceil(connected.length / 10));
  const ranksUnder = async (frozen: "frozen_attention" | "free"): Promise<AblationRanks> => {
    const effects = await ablationEffects(clean, places, metric, frozen);
    const sizes = effects.map(Math.abs);
    return {
      influence: rho(predicted.influence, sizes),
      total: rho(predicted.total.map(Math.abs), sizes),
      direct: rho(predicted.direct.map(Math.abs), sizes),
      signed: rho(predicted.total, effects),
      strongest: rho(strongest.map((i) => predicted.influence[i]), strongest.map((i) => sizes[i])),
      norm: rho(predicted.norm, sizes),
    };
  };
  const random = Array.from(
    { length: controls },
    (_, c) => matchedFeatures(graph, coders, statistics, circuit, seed * 1000 + c),
  );
  const circuits = [circuit, ...random.map(({ drawn }) => drawn)].map((list) => list.map(place));
  const masks: MaskedCircuit[] = [];
  for (const kind of MASK_KINDS) {
    const options = { ...kind, attention };
    const { full, none, only, without } = await maskedMetrics(
      clean,
      circuits,
      metric,
      statistics,
      options,
    );
    const ofRandom = (values: number[]) => controls === 0 ? none : mean(values.slice(1));
    masks.push({
      ...kind,
      full,
      none,
      only: only[0],
      without: without[0],
      random_only: ofRandom(only),
      random_without: controls === 0 ? full : ofRandom(without),
    });
  }
  const { replacement, completeness } = graphScores(graph);
  const { data, shape } = await model.logits([[...tokens]], [tokens.length - 1]);
  return {
    metric: metricOf({ dtype: "float32", data, shape }, metric)[0],
    features: K,
    connected: connected.length,
    circuit: circuit.length,
    unmatched: controls === 0 ? 0 : mean(random.map(({ unmatched }) => unmatched)),
    replacement,
    completeness,
    frozen_attention: await ranksUnder("frozen_attention"),
    free: await ranksUnder("free"),
    masks,
  };
}

function rho(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  if (x.length < 2) return null;
  const value = spearman(x, y);
  return Number.isNaN(value) ? null : value;
}
