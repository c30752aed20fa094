/**
 * A graph of the page, decoded: the library's matrix of edges, the influence of nodes, their ids and names. Node numbers are the
 * library's; bias nodes follow after the targets.
 */
import {
  cumulativeShares,
  cutValue,
  type GraphScores,
  graphScores,
  influence,
  inputSizes,
  type NamedGraph,
  nodeCount,
  type PlacedGraph,
  pruneAt,
  type PrunedGraph,
  rowOf,
} from "../../../utils/graphs/mod.ts";
import type { PageGraph, SparseRows } from "../page_graph.ts";

/** What a node is. */
export type NodeKind = "feature" | "error" | "token" | "target" | "bias";

/** A node as the page shows it. */
export interface PageNode {
  /** number; see the header */
  node: number;
  /** id in the address and in Neuronpedia's JSON */
  id: string;
  kind: NodeKind;
  /** layer; −1 for tokens, L for targets and for biases that do not belong to a layer */
  layer: number;
  /** position; −1 for biases */
  position: number;
  /** number of the feature, or place among the targets or biases */
  index: number;
}

/** A decoded graph. */
export interface GraphModel {
  data: PageGraph;
  graph: NamedGraph & PlacedGraph;
  nodes: PageNode[];
  byId: ReadonlyMap<string, PageNode>;
  /** number of features */
  K: number;
  /** nodes from here on are targets, then biases */
  firstTarget: number;
  firstBias: number;
  /** influence of each node without biases */
  influence: Float64Array;
  /** cumulative share of influence at each node's rank */
  shares: Float64Array;
  /** Σ |edges| of each row over features, errors and tokens */
  sizes: Float64Array;
  /** scores of the whole graph; of the edges in the file if it has only those of a pruned graph */
  scores: GraphScores;
  /** largest node threshold */
  mostThreshold: number;
  /** Prunes the graph as the library does. */
  prune(nodeThreshold: number, edgeThreshold: number): Pick<PrunedGraph, "nodes" | "edges">;
  /** Returns the edge from a node, biases included, into another; 0 where there is none. */
  edge(target: number, source: number): number;
  /** Returns what a node's inputs add up to; undefined if the file does not say. */
  value(node: number): number | undefined;
}

/** Decodes a graph. */
export function graphModel(data: PageGraph): GraphModel {
  const { layers: L, tokens, columns, part } = data;
  const graph: NamedGraph & PlacedGraph = {
    tokens,
    layers: L,
    features: Int32Array.from(data.features),
    activations: Float32Array.from(data.activations, (a) => a ?? NaN),
    targets: data.targets,
    columns,
    edges: denseRows(data.edges, columns),
    ...(part ? { missing: denseRows(part.missing, L * tokens.length) } : {}),
  };
  const K = graph.activations.length, N = nodeCount(graph), firstTarget = N - data.targets.length;
  const influences = part ? float64(part.influences) : influence(graph);
  const all = part ? float64(part.allInfluences) : influences;
  const nodes = nodesOf(data, K, firstTarget);
  const row = (node: number) => rowOf(graph, node);
  return {
    data,
    graph,
    nodes,
    byId: new Map(nodes.map((node) => [node.id, node])),
    K,
    firstTarget,
    firstBias: N,
    influence: influences,
    shares: part ? sharesWithin(influences, all) : cumulativeShares(influences),
    sizes: part ? Float64Array.from(part.sizes) : inputSizes(graph),
    scores: part?.scores ?? graphScores(graph),
    mostThreshold: part?.mostThreshold ?? 1,
    prune: (nodeThreshold, edgeThreshold) =>
      pruneAt(graph, influences, cutValue(all, nodeThreshold), edgeThreshold),
    edge(target, source) {
      const r = target < N ? row(target) : -1;
      if (r < 0 || source >= firstTarget && source < N) return 0;
      const column = source < firstTarget ? source : firstTarget + source - N;
      return graph.edges[r * columns + column];
    },
    value: (node) => node < N && row(node) >= 0 ? data.values?.[row(node)] : undefined,
  };
}

function nodesOf(data: PageGraph, K: number, firstTarget: number): PageNode[] {
  const { features, layers: L, tokens, targets, biases } = data;
  const n = tokens.length, nodes: PageNode[] = [];
  const add = (kind: NodeKind, id: string, layer: number, position: number, index: number) =>
    nodes.push({ node: nodes.length, kind, id, layer, position, index });
  for (let i = 0; i < K; i++) {
    const [layer, position, index] = features.slice(3 * i, 3 * i + 3);
    add("feature", `${layer}_${index}_${position}`, layer, position, index);
  }
  for (let at = K; at < firstTarget; at++) {
    const layer = Math.floor((at - K) / n), position = (at - K) % n;
    if (layer < L) add("error", `ERR_${layer}_${position}`, layer, position, position);
    else add("token", `E_${tokens[position]}_${position}`, -1, position, position);
  }
  targets.forEach(({ position }, t) => add("target", `target_${t}`, L, position, t));
  biases.forEach(({ origin, layer }, b) =>
    add("bias", `bias_${origin}${layer === undefined ? "" : `_${layer}`}`, layer ?? L, -1, b)
  );
  return nodes;
}

/** Returns the cumulative share, among all nodes, at the rank of each node of the page. */
function sharesWithin(some: Float64Array, sorted: Float64Array): Float64Array {
  const all = sorted.reduce((a, b) => a + b, 0);
  let total = 0;
  const upTo = sorted.map((value) => (total += value) / all);
  return some.map((value) => {
    let from = 0, to = sorted.length - 1;
    while (from < to) {
      const middle = Math.ceil((from + to) / 2);
      if (sorted[middle] >= value) from = middle;
      else to = middle - 1;
    }
    return upTo[from];
  });
}

function denseRows({ counts, columns, values }: SparseRows, width: number): Float32Array {
  const bytes = bytesOf(columns), numbers = new Float32Array(bytesOf(values).buffer);
  const places = width < 65_536 ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);
  const out = new Float32Array(counts.length * width);
  let at = 0;
  counts.forEach((count, row) => {
    for (const end = at + count; at < end; at++) out[row * width + places[at]] = numbers[at];
  });
  return out;
}

const float64 = (text: string) => new Float64Array(bytesOf(text).buffer);

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
