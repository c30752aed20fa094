/** The circuits of all tasks at one checkpoint, in the features of one set of coders. */
import { abilityOf, percentileInterval, resampledIndices, seededIndices } from "../../base/mod.ts";
import {
  chooseFeatures,
  edgeParts,
  edgeShares,
  ERROR,
  type FeatureCircuit,
  type FeatureTask,
  meanOver,
  OUTPUT,
  type TaskValues,
  taskValues,
} from "../../feature_circuits/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { FeatureCircuitEntry } from "../../results/mod.ts";
import { readoutOf, type TaskData } from "../../tasks/mod.ts";
import { type Coder, codersDigest } from "../../transcoders/mod.ts";
import type { FeatureCircuitConfig } from "./settings.ts";

/** Returns a number with five significant digits, which is what result files keep of shares and effects. */
export const short = (x: number): number => Number(x.toPrecision(5));

/** Returns a task in a model with coders. */
export function featureTask(
  model: HookedModel,
  coders: readonly Coder[],
  data: TaskData,
  { ablation }: FeatureCircuitConfig,
): FeatureTask {
  return { model, coders, prompts: data.prompts, readout: readoutOf(data), ablation };
}

/** Finds the circuit of a task; its entry says why there is none where the model cannot do the task. */
export async function findFeatureCircuit(
  task: FeatureTask,
  config: FeatureCircuitConfig,
): Promise<FeatureCircuitEntry> {
  const { bootstrap, seed } = config;
  const values = await taskValues(task);
  const { able, metric, interval, accuracy } = abilityOf(values.metric, {
    resamples: bootstrap,
    seed,
  });
  const about = { metric, interval, accuracy, coders_digest: await codersDigest(task.coders) };
  if (!able) return { ...about, circuit: null };
  const chosen = await chooseFeatures(task, values, {
    search: config.search_type,
    measure: config.measure,
    absolute: config.absolute,
    resamples: bootstrap,
    seed,
    threshold: config.threshold,
    start: config.start,
    end: config.end,
    step: config.step,
  });
  const { faithfulness, normalized } = chosen.curve.find((p) => p.size === chosen.nodes.length)!;
  return {
    ...about,
    circuit: {
      empty: chosen.empty,
      reached: chosen.reached,
      faithfulness,
      normalized,
      nodes: describedNodes(values, chosen, config),
      edges: await circuitEdges(task, values, chosen, config),
      curve: chosen.curve,
      random: chosen.random,
      ...(chosen.stability !== undefined && { stability: chosen.stability }),
    },
  };
}

type StoredCircuit = NonNullable<FeatureCircuitEntry["circuit"]>;

function describedNodes(
  { space, effects, metric }: TaskValues,
  { nodes }: FeatureCircuit,
  { bootstrap, seed }: FeatureCircuitConfig,
): StoredCircuit["nodes"] {
  const N = metric.length, means = meanOver(effects, space.size);
  const draws = [...resampledIndices(N, bootstrap, seededIndices(seed))];
  return nodes.map((node) => {
    const { layer, role, feature } = space.at(node);
    const drawn = Float64Array.from(
      draws,
      (indices) => indices.reduce((sum, i) => sum + effects[i * space.size + node], 0) / N,
    );
    const [low, high] = percentileInterval(drawn, 0.95);
    return {
      layer,
      role: space.roles[role],
      feature: feature === ERROR ? null : feature,
      effect: short(means[node]),
      interval: [short(low), short(high)] as [number, number],
    };
  });
}

/** Parts below this share of the sum of an edge's |parts| are not listed. */
const SMALL_PART = 0.02;

/** Returns the largest edges between features of the circuit, and from them to the metric, split by head. */
async function circuitEdges(
  task: FeatureTask,
  values: TaskValues,
  { nodes }: FeatureCircuit,
  { edge_share, max_edges }: FeatureCircuitConfig,
): Promise<StoredCircuit["edges"]> {
  const { space } = values;
  const features = nodes.filter((node) => space.at(node).feature !== ERROR);
  const place = new Map(nodes.map((node, i) => [node, i]));
  const found = await edgeShares(task, values, [...features, OUTPUT], features);
  const edges = [...found].flatMap(([target, row]) =>
    [...row].map(([source, shares]) => ({
      source: place.get(source)!,
      target: target === OUTPUT ? null : place.get(target)!,
      shares: Array.from(shares, short),
      size: Math.abs(shares.reduce((a, b) => a + b, 0) / shares.length),
    }))
  )
    .filter(({ size }) => size >= edge_share)
    .sort((a, b) => b.size - a.size || a.source - b.source || (a.target ?? -1) - (b.target ?? -1))
    .slice(0, max_edges);
  const pairs = edges.map(({ source, target }) => ({
    source: nodes[source],
    target: target === null ? OUTPUT : nodes[target],
  }));
  const parts = await edgeParts(task, values, pairs);
  const { nHeads } = task.model.config;
  return edges.map(({ source, target, shares }, e) => ({
    ...{ source, target, shares },
    ...listedParts(parts[e], nHeads),
  }));
}

/** Returns an edge's direct part and the parts of its heads, largest first. */
function listedParts(parts: Float64Array, nHeads: number): { direct: number; heads: number[] } {
  const least = SMALL_PART * parts.reduce((sum, x) => sum + Math.abs(x), 0);
  const [direct, ...byHead] = parts;
  const heads = [...byHead.keys()].filter((i) => Math.abs(byHead[i]) > least)
    .sort((a, b) => Math.abs(byHead[b]) - Math.abs(byHead[a]) || a - b)
    .flatMap((i) => [Math.floor(i / nHeads), i % nHeads, short(byHead[i])]);
  return { direct: short(direct), heads };
}
