/**
 * Scores of a part of a graph. Features outside the part count as errors of the coders (circuit-tracer):
 *
 *  1. The column of a feature outside is added to that of the error at its layer and position; its row is dropped.
 *  2. Replacement and completeness are those of the graph that is left (`influence.ts`).
 *
 * With all features inside, these are the scores of the whole graph. With none, only what targets take straight from tokens is
 * not error.
 */
import { type GraphData, nodeCount, rowOf } from "./graph_data.ts";
import type { GraphScores } from "./influence.ts";

/** A graph whose features have places. */
export interface PlacedGraph extends GraphData {
  /** (layer, position, feature) of each feature, `[K, 3]` */
  features: Int32Array;
  /** what each row takes from features that the data do not have, by layer and position, `[K + T, L·n]` */
  missing?: Float32Array;
}

/** Smallest sum that a row is divided by, as in circuit-tracer. */
const SMALLEST_SUM = 1e-10;

/** Returns the scores of the part of a graph; see the header. @param inside 1 for features of the part, `[K]` at least */
export function subgraphScores(graph: PlacedGraph, inside: ArrayLike<number>): GraphScores {
  const { activations: { length: K }, tokens: { length: n }, layers, targets, features } = graph;
  const sources = K + (layers + 1) * n, firstToken = K + layers * n;
  const total = new Float64Array(nodeCount(graph));
  targets.forEach(({ weight }, t) => total[sources + t] = weight);
  /** column that a source counts for */
  const column = Int32Array.from(
    { length: sources },
    (_, s) => s >= K || inside[s] ? s : K + features[3 * s] * n + features[3 * s + 1],
  );
  const rows = [
    ...targets.map((_, t) => sources + t),
    ...Array.from({ length: K }, (_, i) => K - 1 - i).filter((i) => inside[i]),
  ];
  let fromErrors = 0;
  const merged = new Float64Array(sources);
  for (const node of rows) {
    const at = rowOf(graph, node) * graph.columns;
    merged.fill(0);
    for (let s = 0; s < sources; s++) merged[column[s]] += graph.edges[at + s];
    const { missing } = graph, places = layers * n, from = rowOf(graph, node) * places;
    if (missing) { for (let i = 0; i < places; i++) merged[K + i] += missing[from + i]; }
    let sum = 0, errors = 0;
    for (let s = 0; s < sources; s++) {
      const size = Math.abs(merged[s]);
      sum += size;
      if (s >= K && s < firstToken) errors += size;
    }
    sum = Math.max(sum, SMALLEST_SUM);
    const by = total[node] / sum;
    fromErrors += by * errors;
    if (by === 0) continue;
    for (let s = 0; s < sources; s++) total[s] += by * Math.abs(merged[s]);
  }
  const sum = (from: number, to: number) => total.subarray(from, to).reduce((a, b) => a + b, 0);
  const [errors, fromTokens] = [sum(K, firstToken), sum(firstToken, sources)];
  return {
    replacement: fromTokens / (fromTokens + errors),
    completeness: 1 - fromErrors / sum(0, total.length),
  };
}

/**
 * Returns the mean scores of parts with as many features, drawn at random: the floor of {@link subgraphScores}.
 * @param count number of features of a part
 * @param draws number of parts
 */
export function randomSubgraphScores(
  graph: PlacedGraph,
  count: number,
  draws = 20,
): GraphScores {
  const K = graph.activations.length, random = generator(K + count);
  let replacement = 0, completeness = 0;
  for (let draw = 0; draw < draws; draw++) {
    const order = Int32Array.from({ length: K }, (_, i) => i), inside = new Uint8Array(K);
    for (let i = 0; i < Math.min(count, K); i++) {
      const j = i + Math.floor(random() * (K - i));
      [order[i], order[j]] = [order[j], order[i]];
      inside[order[i]] = 1;
    }
    const scores = subgraphScores(graph, inside);
    replacement += scores.replacement / draws;
    completeness += scores.completeness / draws;
  }
  return { replacement, completeness };
}

/** Returns a generator of numbers in [0, 1), the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = state + 0x6d2b79f5 >>> 0;
    let t = Math.imul(state ^ state >>> 15, state | 1);
    t = t + Math.imul(t ^ t >>> 7, t | 61) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}
