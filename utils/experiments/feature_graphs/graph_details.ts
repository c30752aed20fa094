/**
 * What the page of a graph shows besides edges:
 *
 *  1. of the features with the largest influence, the tokens whose logits they raise and lower most (`logitsOf`);
 *  2. the largest edges into the targets and into the features with the largest influence, split by attention head
 *     (`splitByHead`).
 */
import {
  type AttributionGraph,
  decoderRow,
  featureTarget,
  graphRows,
  type GraphTarget,
  type LinearRun,
  nodeCount,
  type PrunedGraph,
  splitByHead,
  writesTo,
} from "../../feature_circuits/mod.ts";
import { isRms } from "../../model/mod.ts";
import { GRAPH_DETAILS_FORMAT, type GraphDetails } from "../../results/mod.ts";

/** Tokens listed at each end. */
const TOKENS = 8;
/** Edges split into one target. */
const EDGES = 40;
/** Parts below this share of an edge's parts are added up. */
const SMALL_PART = 0.02;

/** How much is computed. */
export interface DetailOptions {
  /** features whose logits are listed */
  logits: number;
  /** features whose inputs are split by head, besides the targets; 0 for no splits at all */
  splits: number;
  /** text of a token of the vocabulary */
  tokenText(token: number): string;
}

/** Computes the details of a graph; see the header. */
export async function detailsOf(
  run: LinearRun,
  graph: AttributionGraph,
  { influence }: Pick<PrunedGraph, "influence">,
  { logits, splits, tokenText }: DetailOptions,
): Promise<GraphDetails> {
  const K = graph.activations.length;
  const ranked = Array.from({ length: K }, (_, i) => i)
    .sort((a, b) => influence[b] - influence[a] || a - b);
  const details: GraphDetails = {
    format: GRAPH_DETAILS_FORMAT,
    vocabulary: run.model.config.vocabSize,
    heads: run.model.config.nHeads,
    logits: {},
    splits: [],
  };
  const matrix = await logitMatrix(run);
  for (const i of ranked.slice(0, logits)) {
    const [layer, , feature] = graph.features.subarray(3 * i, 3 * i + 3);
    details.logits[`${layer}.${feature}`] ??= logitsOf(run, matrix, layer, feature, tokenText);
  }
  if (splits === 0) return details;
  const rows = await graphRows(run);
  const first = nodeCount(graph) - graph.targets.length;
  const add = async (node: number, target: GraphTarget) => {
    const { parts, columns } = await splitByHead(run, rows, target);
    details.splits.push({ target: node, edges: strongestSplits(graph, run, parts, columns) });
  };
  for (const [t, target] of graph.targets.entries()) await add(first + t, target);
  for (const i of ranked.slice(0, splits)) {
    const [layer, position, feature] = graph.features.subarray(3 * i, 3 * i + 3);
    await add(i, featureTarget(run, layer, position, feature));
  }
  return details;
}

/** The unembedding behind the final LayerNorm at the last position, and its mean over the vocabulary. */
interface LogitMatrix {
  /** `[V, d]`, with the LayerNorm's gain and scale */
  rows: Float32Array;
  /** `[d]` */
  mean: Float64Array;
}

async function logitMatrix({ model, lnFinal, tokens }: LinearRun): Promise<LogitMatrix> {
  const { W_U, ln_f_w } = await model.weights.unembedding();
  const { dModel: d } = model.config, V = W_U.data.length / d;
  const by = 1 / lnFinal[tokens.length - 1];
  const rows = Float32Array.from(W_U.data, (w, i) => w * ln_f_w.data[i % d] * by);
  const mean = new Float64Array(d);
  rows.forEach((w, i) => mean[i % d] += w / V);
  return { rows, mean };
}

function logitsOf(
  { coders, model }: LinearRun,
  { rows, mean }: LogitMatrix,
  layer: number,
  feature: number,
  tokenText: (token: number) => string,
): GraphDetails["logits"][string] {
  const { nLayers, dModel: d } = model.config;
  const written = new Float64Array(d);
  for (let to = 0; to < nLayers; to++) {
    if (!writesTo(coders[layer], to)) continue;
    decoderRow(coders[layer], feature, to).forEach((x, i) => written[i] += x);
  }
  const middle = isRms(model.config) ? 0 : written.reduce((a, b) => a + b, 0) / d;
  let offset = 0;
  for (let i = 0; i < d; i++) offset += (written[i] -= middle) * mean[i];
  const values = Float64Array.from({ length: rows.length / d }, (_, token) => {
    let sum = -offset;
    for (let i = 0, at = token * d; i < d; i++) sum += rows[at + i] * written[i];
    return sum;
  });
  const order = Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
  const list = (chosen: number[]) =>
    chosen.map((token): [string, number] => [tokenText(token), short(values[token])]);
  return { raised: list(order.slice(0, TOKENS)), lowered: list(order.slice(-TOKENS).reverse()) };
}

/** Returns the largest edges into a target with their parts, by the columns of the graph. */
function strongestSplits(
  graph: AttributionGraph,
  run: LinearRun,
  parts: Float32Array,
  columns: number,
): GraphDetails["splits"][number]["edges"] {
  const sources = nodeCount(graph) - graph.targets.length, K = graph.activations.length;
  const found = Array.from({ length: sources }, (_, source) => {
    const column = columnOf(graph, run, source, K);
    const values: number[] = [];
    for (let at = column; at < parts.length; at += columns) values.push(parts[at]);
    return { source, values, edge: Math.abs(values.reduce((a, b) => a + b, 0)) };
  }).filter(({ edge }) => edge > 0).sort((a, b) => b.edge - a.edge).slice(0, EDGES);
  return found.map(({ source, values }) => {
    const size = values.reduce((sum, x) => sum + Math.abs(x), 0);
    const listed = Array.from(values.keys()).filter((i) => Math.abs(values[i]) > SMALL_PART * size)
      .sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
    const rest = values.reduce((sum, x, i) => listed.includes(i) ? sum : sum + x, 0);
    return {
      source,
      parts: listed.map((i): [number, number] => [i, short(values[i])]),
      rest: short(rest),
    };
  });
}

/** Returns the column of a node in a row of the run, which has all features, where a capped graph has some of them. */
function columnOf(
  { features }: AttributionGraph,
  { features: { count, places } }: LinearRun,
  node: number,
  K: number,
): number {
  if (node >= K) return node - K + count;
  if (K === count) return node;
  const [layer, position, feature] = features.subarray(3 * node, 3 * node + 3);
  for (let i = node; i < count; i++) {
    if (
      places[3 * i] === layer && places[3 * i + 1] === position && places[3 * i + 2] === feature
    ) return i;
  }
  throw new Error(`feature ${layer}.${feature} at ${position} is not active in the run`);
}

const short = (x: number) => Number(x.toPrecision(6));
