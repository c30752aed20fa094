/**
 * Influence of nodes on the targets, pruning and scores, as circuit-tracer defines them. With A the edges between nodes
 * (biases do not count), w the targets' weights, N̂ = |A| with each row divided by its sum:
 *
 *     influence      B = w·N̂ + w·N̂² + …
 *     node cut       sort influences downwards; keep those not below the one at which the cumulative share reaches the node
 *                    threshold; tokens and targets stay
 *     edge cut       the same on the scores N̂'[t, s]·(B' + w)[t] of the graph without the other nodes
 *     clean-up       until nothing changes, drop features and errors without an edge out, and features without an edge in
 *     replacement    Σ B[tokens] / (Σ B[tokens] + Σ B[errors])
 *     completeness   Σ_t (1 − share of errors in row t)·(B + w)[t] / Σ_t (B + w)[t]
 *
 * Scores of edges are float32, since there may be many; sums run in double precision.
 *
 * The graph has no circles and sources come before what they act on, so the series is one pass over the rows from the last one
 * down. Node numbers: features, errors, tokens, targets.
 */
import { type GraphData, nodeCount } from "./graph_data.ts";

/** Smallest sum that a row is divided by, as in circuit-tracer. */
const SMALLEST_SUM = 1e-10;

/** Rows of a graph in the order in which influence flows: targets, then features from the last one down. */
interface Flow {
  /** number of features */
  K: number;
  /** number of sources that are nodes: features, errors, tokens */
  sources: number;
  /** node number of each row, in the order of the flow */
  nodes: number[];
  /** offset of a node's row */
  offset(node: number): number;
}

function flowOf(graph: GraphData): Flow {
  const { activations: { length: K }, targets: { length: T }, columns } = graph;
  const sources = nodeCount(graph) - T;
  const ofTargets = Array.from({ length: T }, (_, t) => sources + t);
  const ofFeatures = Array.from({ length: K }, (_, i) => K - 1 - i);
  const offset = (node: number) => (node < K ? node : K + node - sources) * columns;
  return { K, sources, nodes: [...ofTargets, ...ofFeatures], offset };
}

/** Returns B, with the targets' own weights in their places, over the nodes of a mask. */
function flow(
  graph: GraphData,
  kept?: Uint8Array,
): { total: Float64Array; sums: Float64Array } {
  const { edges, targets } = graph;
  const { sources, nodes, offset } = flowOf(graph);
  const total = new Float64Array(nodeCount(graph)), sums = new Float64Array(total.length);
  targets.forEach(({ weight }, t) => total[sources + t] = weight);
  for (const node of nodes) {
    if (kept && !kept[node]) continue;
    const at = offset(node);
    let sum = 0;
    for (let i = 0; i < sources; i++) if (!kept || kept[i]) sum += Math.abs(edges[at + i]);
    sums[node] = Math.max(sum, SMALLEST_SUM);
    const by = total[node] / sums[node];
    if (by === 0) continue;
    for (let i = 0; i < sources; i++) {
      if (!kept || kept[i]) total[i] += by * Math.abs(edges[at + i]);
    }
  }
  return { total, sums };
}

/** Returns the influence B of every node, `[N]`; 0 for targets, which act on nothing. */
export function influence(graph: GraphData): Float64Array {
  const { total } = flow(graph);
  return total.fill(0, total.length - graph.targets.length);
}

/** Returns the value at which the cumulative share of the values, largest first, reaches a threshold. */
export function cutValue(values: Float64Array | Float32Array, threshold: number): number {
  const sorted = values.slice().sort().reverse();
  let all = 0, total = 0;
  for (const value of sorted) all += value;
  for (const value of sorted) if ((total += value) / all >= threshold) return value;
  return sorted.at(-1) ?? 0;
}

/** Returns the cumulative share of influence at each node's rank: small for important nodes, `[N]`. */
export function cumulativeShares(influences: Float64Array): Float64Array {
  const order = Array.from(influences.keys()).sort((a, b) =>
    influences[b] - influences[a] || a - b
  );
  const all = influences.reduce((a, b) => a + b, 0);
  const shares = new Float64Array(influences.length);
  let total = 0;
  for (const node of order) shares[node] = (total += influences[node]) / all;
  return shares;
}

/** Thresholds of {@link pruneGraph}, each between 0 and 1. */
export interface PruneOptions {
  /** share of influence that the kept nodes have; default 0.8 */
  nodeThreshold?: number;
  /** share of the edge scores that the kept edges have; default 0.98 */
  edgeThreshold?: number;
}

/** A pruned graph, by node numbers. */
export interface PrunedGraph {
  /** influence of every node in the whole graph, `[N]` */
  influence: Float64Array;
  /** cumulative share at each node's rank, `[N]`; Neuronpedia's `influence` */
  shares: Float64Array;
  /** 1 for kept nodes, `[N]` */
  nodes: Uint8Array;
  /** kept edges, `[edges, 2]`: target, source; in the order of the nodes */
  edges: Int32Array;
}

/** Prunes a graph; see the header. @throws RangeError if a threshold is not between 0 and 1. */
export function pruneGraph(
  graph: GraphData,
  { nodeThreshold = 0.8, edgeThreshold = 0.98 }: PruneOptions = {},
): PrunedGraph {
  for (const [name, value] of Object.entries({ nodeThreshold, edgeThreshold })) {
    if (!(value >= 0 && value <= 1)) {
      throw new RangeError(`${name} is ${value}; expected a number from 0 to 1`);
    }
  }
  const influences = influence(graph);
  const cut = cutValue(influences, nodeThreshold);
  return {
    influence: influences,
    shares: cumulativeShares(influences),
    ...pruneAt(graph, influences, cut, edgeThreshold),
  };
}

/**
 * Prunes a graph to the nodes whose influence is not below a cut, then its edges; see the header. A graph that lacks nodes
 * below the cut gives the same result as the whole graph, because only nodes that are kept count.
 * @param influences influence of every node in the whole graph, `[N]`
 * @param cut smallest influence that is kept, {@link cutValue}
 */
export function pruneAt(
  graph: GraphData,
  influences: Float64Array,
  cut: number,
  edgeThreshold: number,
): Pick<PrunedGraph, "nodes" | "edges"> {
  const { K, sources } = flowOf(graph);
  const n = graph.tokens.length;
  const kept = Uint8Array.from(influences, (b, node) => Number(b >= cut || node >= sources - n));
  let edges = strongEdges(graph, kept, edgeThreshold);
  for (let before = -1; before !== edges.length;) {
    before = edges.length;
    const out = new Uint8Array(kept.length), into = new Uint8Array(kept.length);
    for (let i = 0; i < edges.length; i += 2) into[edges[i]] = out[edges[i + 1]] = 1;
    for (let node = 0; node < sources - n; node++) {
      if (!out[node] || node < K && !into[node]) kept[node] = 0;
    }
    edges = edges.filter((_, i, all) => kept[all[i & ~1]] && kept[all[i | 1]]);
  }
  return { nodes: kept, edges };
}

/** Returns the edges between kept nodes with scores not below the cut, `[edges, 2]`: target, source, ascending. */
function strongEdges(
  graph: GraphData,
  kept: Uint8Array,
  threshold: number,
): Int32Array<ArrayBuffer> {
  const { sources, nodes, offset } = flowOf(graph);
  const { total, sums } = flow(graph, kept);
  const rows = nodes.filter((node) => kept[node]).sort((a, b) => a - b);
  const columns = Array.from({ length: sources }, (_, s) => s).filter((s) => kept[s]);
  const each = (visit: (node: number, source: number, score: number) => void) => {
    for (const node of rows) {
      const at = offset(node), by = total[node] / sums[node];
      for (const s of columns) {
        const weight = Math.abs(graph.edges[at + s]);
        if (weight !== 0) visit(node, s, Math.fround(by * weight));
      }
    }
  };
  let count = 0;
  each(() => count++);
  const scores = new Float32Array(count);
  let filled = 0;
  each((_node, _source, score) => scores[filled++] = score);
  const cut = cutValue(scores, threshold);
  const edges = new Int32Array(2 * scores.reduce((n, score) => n + Number(score >= cut), 0));
  let at = 0;
  each((node, source, score) => {
    if (score < cut) return;
    edges[at++] = node;
    edges[at++] = source;
  });
  return edges;
}

/** How much of a prompt's computation the features account for. */
export interface GraphScores {
  /** share of end-to-end influence that comes from tokens rather than errors */
  replacement: number;
  /** share of the inputs of nodes, weighted by influence, that are not errors */
  completeness: number;
}

/** Returns the scores of the whole graph; see the header. */
export function graphScores(graph: GraphData): GraphScores {
  const { K, sources, nodes, offset } = flowOf(graph);
  const firstToken = sources - graph.tokens.length;
  const { total, sums } = flow(graph);
  const sum = (from: number, to: number) => total.subarray(from, to).reduce((a, b) => a + b, 0);
  const [errors, tokens] = [sum(K, firstToken), sum(firstToken, sources)];
  let fromErrors = 0;
  for (const node of nodes) {
    const at = offset(node);
    let share = 0;
    for (let s = K; s < firstToken; s++) share += Math.abs(graph.edges[at + s]);
    fromErrors += total[node] * share / sums[node];
  }
  const all = sum(0, total.length);
  return { replacement: tokens / (tokens + errors), completeness: 1 - fromErrors / all };
}
