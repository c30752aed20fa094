/**
 * A graph as the page holds it: small enough to embed, and enough to prune it in the browser as the library does.
 *
 *  1. Of a graph with more than `mostFeatures` features, keep those with the largest influence. The page then has the
 *     influence of all nodes, what each row takes from the features that are left out, added up by layer and position, and
 *     the node threshold up to which nothing is missing.
 *  2. Write the edges that are not 0 as columns and values, row by row, in base64.
 */
import {
  cutValue,
  type GraphScores,
  graphScores,
  influence,
  inputSizes,
  type NamedGraph,
  nodeCount,
} from "../../utils/graphs/mod.ts";
import type { GraphDetails, NeuronpediaGraph } from "../../utils/results/mod.ts";

/** A graph that was read, before it is made small. */
export interface ReadGraph {
  /** name, unique on the page */
  slug: string;
  /** the prompt */
  prompt: string;
  /** what the graph is of and made with, one line */
  about: string;
  /** text of each token */
  tokenTexts: string[];
  /** the graph */
  graph: NamedGraph;
  /** bias nodes, in the order of their columns */
  biases: { origin: string; layer?: number }[];
  /** what each row should add up to, `[K + T]`; absent if the file does not say */
  values?: number[];
  /** whether the file has every edge, or only those of a pruned graph */
  complete: boolean;
  /** features that a cap left out before the file was written, and their share of the features' influence */
  leftOut?: { features: number; influence: number };
  /** thresholds that the page starts with */
  thresholds: { node: number; edge: number };
  /** logits and splits, where the file has them */
  details?: GraphDetails;
  /** pins, groups and labels of the file */
  marks?: NeuronpediaGraph["qParams"];
}

/** A graph as embedded. Numbers in base64 are little-endian. */
export interface PageGraph {
  slug: string;
  prompt: string;
  about: string;
  tokenTexts: string[];
  /** token ids */
  tokens: number[];
  layers: number;
  /** (layer, position, feature) of each feature */
  features: number[];
  activations: number[];
  targets: { label: string; position: number; weight: number; token?: number }[];
  biases: { origin: string; layer?: number }[];
  values?: number[];
  columns: number;
  edges: SparseRows;
  complete: boolean;
  leftOut?: { features: number; influence: number };
  thresholds: { node: number; edge: number };
  details?: GraphDetails;
  marks?: NeuronpediaGraph["qParams"];
  /** present if features are missing from the page */
  part?: PagePart;
}

/** What the page knows of a graph of which it has a part. */
export interface PagePart {
  /** active features of the graph */
  features: number;
  /** largest node threshold for which the page has all nodes */
  mostThreshold: number;
  /** influence of every node of the graph, largest first, float64 in base64 */
  allInfluences: string;
  /** influence of the nodes of the page, float64 in base64 */
  influences: string;
  /** Σ |edges| of each row over all features, errors and tokens */
  sizes: number[];
  /** what each row takes from missing features, `[K + T, L·n]` */
  missing: SparseRows;
  /** scores of the whole graph */
  scores: GraphScores;
}

/** Rows of numbers most of which are 0. */
export interface SparseRows {
  /** entries of each row that are not 0 */
  counts: number[];
  /** their columns, uint16 (uint32 from 65,536 columns on), in base64 */
  columns: string;
  /** their values, float32, in base64 */
  values: string;
}

/** Returns a graph as the page holds it; see the header. @param mostFeatures largest number of features on the page */
export function pageGraph(read: ReadGraph, mostFeatures: number): PageGraph {
  const { graph, ...rest } = read;
  const K = graph.activations.length, first = graph.columns;
  const of = (g: NamedGraph) => ({
    ...rest,
    values: undefined as number[] | undefined,
    tokens: [...g.tokens],
    layers: g.layers,
    features: [...g.features],
    activations: [...g.activations],
    targets: g.targets.map(({ label, position, weight, token }) => ({
      label,
      position,
      weight,
      ...(token === undefined ? {} : { token }),
    })),
    columns: g.columns,
    edges: sparseRows(g.edges, g.columns),
  });
  if (K <= mostFeatures) return { ...of(graph), values: read.values };

  const all = influence(graph), scores = graphScores(graph);
  const least = [...all.subarray(0, K)].sort((a, b) => b - a)[mostFeatures - 1];
  const kept = Array.from({ length: K }, (_, i) => i).filter((i) => all[i] >= least);
  const rows = [...kept, ...graph.targets.map((_, t) => K + t)];
  const columns = [...kept, ...Array.from({ length: first - K }, (_, c) => K + c)];
  const nodes = [...kept, ...Array.from({ length: nodeCount(graph) - K }, (_, i) => K + i)];
  const places = graph.layers * graph.tokens.length;
  const isKept = new Uint8Array(K);
  kept.forEach((i) => isKept[i] = 1);
  const missing = new Float32Array(rows.length * places);
  rows.forEach((row, r) => {
    for (let s = 0; s < K; s++) {
      if (isKept[s]) continue;
      const place = graph.features[3 * s] * graph.tokens.length + graph.features[3 * s + 1];
      missing[r * places + place] += graph.edges[row * first + s];
    }
  });
  const part: NamedGraph = {
    ...graph,
    features: Int32Array.from(kept.flatMap((i) => [...graph.features.subarray(3 * i, 3 * i + 3)])),
    activations: Float32Array.from(kept, (i) => graph.activations[i]),
    columns: columns.length,
    edges: Float32Array.from(
      rows.flatMap((row) => columns.map((column) => graph.edges[row * first + column])),
    ),
  };
  const numberOf = new Map(nodes.map((node, i) => [node, i]));
  const sizes = inputSizes(graph);
  const { details } = read;
  return {
    ...of(part),
    values: read.values && rows.map((row) => read.values![row]),
    ...(details ? { details: { ...details, splits: renumbered(details.splits, numberOf) } } : {}),
    part: {
      features: K,
      mostThreshold: thresholdAt(all, least),
      allInfluences: base64(all.slice().sort().reverse()),
      influences: base64(Float64Array.from(nodes, (node) => all[node])),
      sizes: rows.map((row) => sizes[row]),
      missing: sparseRows(missing, places),
      scores,
    },
  };
}

/** Returns the largest threshold, in thousandths, whose cut is not below a value. */
function thresholdAt(influences: Float64Array, least: number): number {
  let from = 0, to = 1000;
  while (from < to) {
    const middle = Math.ceil((from + to) / 2);
    if (cutValue(influences, middle / 1000) >= least) from = middle;
    else to = middle - 1;
  }
  return from / 1000;
}

function renumbered(
  splits: GraphDetails["splits"],
  numberOf: ReadonlyMap<number, number>,
): GraphDetails["splits"] {
  return splits.flatMap(({ target, edges }) => {
    const to = numberOf.get(target);
    if (to === undefined) return [];
    return [{
      target: to,
      edges: edges.flatMap((edge) => {
        const source = numberOf.get(edge.source);
        return source === undefined ? [] : [{ ...edge, source }];
      }),
    }];
  });
}

function sparseRows(data: Float32Array, width: number): SparseRows {
  const counts: number[] = [], columns: number[] = [], values: number[] = [];
  for (let at = 0; at < data.length; at += width) {
    const before = columns.length;
    for (let c = 0; c < width; c++) {
      if (data[at + c] === 0) continue;
      columns.push(c);
      values.push(data[at + c]);
    }
    counts.push(columns.length - before);
  }
  return {
    counts,
    columns: base64(width < 65_536 ? Uint16Array.from(columns) : Uint32Array.from(columns)),
    values: base64(Float32Array.from(values)),
  };
}

function base64(numbers: Float32Array | Float64Array | Uint16Array | Uint32Array): string {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength).toBase64();
}
