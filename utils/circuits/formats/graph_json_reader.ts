/**
 * Reads EAP-IG's graph files; `graph_json.ts` shows the format. The file must name every node and every edge of the graph
 * and nothing else, so that a file of another model is rejected.
 */
import { parseJson, shortJson } from "../../base/mod.ts";
import { nodeName } from "../../names/mod.ts";
import {
  cellName,
  type CircuitShape,
  edgeCount,
  edgesInOrder,
  nBackward,
  nForward,
  type Scores,
  sourceNode,
} from "../graph/mod.ts";

/** The content of a graph file. */
export interface GraphFile {
  /** the model's graph */
  shape: CircuitShape;
  /** width of the residual stream; required by version 2 */
  dModel?: number;
  /** scores of edges `[nForward, nBackward]` */
  scores: Scores;
  /** flags of edges `[nForward, nBackward]`, 1 = in the circuit */
  mask: Uint8Array;
  /** flags of nodes `[nForward + 1]`, `logits` last; default: the nodes with an edge in the circuit */
  nodes?: Uint8Array;
  /** scores of nodes `[nForward]`, NaN = unscored; version 2 only */
  nodeScores?: Scores;
  /** flags of neurons `[nForward, dModel]`, 1 = in the circuit; version 2 only */
  neurons?: Uint8Array;
  /** scores of neurons `[nForward, dModel]`; version 2 only */
  neuronScores?: Scores;
}

type Json = Record<string, unknown>;

/**
 * Reads the text of a graph file of either version.
 *
 * @param file name of the file in errors
 * @throws Error naming the file, the key, what was expected and what was found.
 */
export function parseGraphJson(text: string, file: string): GraphFile {
  const root = parseJson(text, file);
  const cfg = object(object(root, file, "the file").cfg, file, "cfg");
  const nodes = object((root as Json).nodes, file, "nodes");
  const edges = object((root as Json).edges, file, "edges");
  const shape: CircuitShape = {
    nLayers: count(cfg.n_layers, file, "cfg.n_layers", MOST),
    nHeads: count(cfg.n_heads, file, "cfg.n_heads", MOST),
    parallel: flag(cfg.parallel_attn_mlp, file, "cfg.parallel_attn_mlp"),
  };
  const graph: GraphFile = { shape, ...readEdges(shape, edges, file) };
  if (cfg.d_model !== undefined) graph.dModel = count(cfg.d_model, file, "cfg.d_model");
  readNodes(graph, nodes, file);
  return graph;
}

function readEdges(shape: CircuitShape, edges: Json, file: string) {
  // before anything as large as the shape claims is made
  if (edgeCount(shape) > 2 * Object.keys(edges).length + 100) {
    checkNames(edges, edgeCount(shape), file, "edges");
  }
  const scores = new Float64Array(nForward(shape) * nBackward(shape));
  const mask = new Uint8Array(scores.length);
  for (const cell of edgesInOrder(shape)) {
    const name = cellName(shape, cell);
    const edge = object(edges[name], file, `edge ${name}`);
    scores[cell] = number(edge.score, file, `score of edge ${name}`);
    mask[cell] = Number(flag(edge.in_graph, file, `in_graph of edge ${name}`));
  }
  checkNames(edges, edgeCount(shape), file, "edges");
  return { scores, mask };
}

function readNodes(graph: GraphFile, nodes: Json, file: string): void {
  const { shape } = graph;
  const sources = nForward(shape);
  graph.nodes = new Uint8Array(sources + 1);
  for (let u = 0; u <= sources; u++) {
    const name = nodeName(sourceNode(shape, u));
    if (typeof nodes[name] === "boolean") {
      graph.nodes[u] = Number(nodes[name]);
      continue;
    }
    const node = object(nodes[name], file, `node ${name}`);
    graph.nodes[u] = Number(flag(node.in_graph, file, `in_graph of node ${name}`));
    if (u === sources) continue;
    if (node.score !== undefined) {
      graph.nodeScores ??= new Float64Array(sources).fill(NaN);
      graph.nodeScores[u] = number(node.score, file, `score of node ${name}`);
    }
    if (node.neurons !== undefined) {
      const list = neuronsOf(graph, u, node.neurons, file, `neurons of node ${name}`);
      graph.neurons ??= new Uint8Array(sources * list.length);
      graph.neurons.set(list.map(Number), u * list.length);
    }
    if (node.neurons_scores !== undefined) {
      const list = neuronsOf(graph, u, node.neurons_scores, file, `neurons_scores of node ${name}`);
      graph.neuronScores ??= new Float64Array(sources * list.length).fill(NaN);
      graph.neuronScores.set(list.map(Number), u * list.length);
    }
  }
  checkNames(nodes, sources + 1, file, "nodes");
}

/** Returns the list of node u: the given one, or for a head its own among the lists of its layer. */
function neuronsOf(graph: GraphFile, u: number, value: unknown, file: string, what: string) {
  const node = sourceNode(graph.shape, u);
  const nested = Array.isArray(value) && Array.isArray(value[0]);
  const list = nested && node.kind === "head" ? value[node.head] : value;
  if (!Array.isArray(list) || list.length !== width(graph, file)) {
    throw mismatch(file, what, `a list of d_model = ${graph.dModel} values`, list);
  }
  return list;
}

function width({ dModel }: GraphFile, file: string): number {
  if (dModel === undefined) {
    throw new Error(`${file}: expected cfg.d_model in a file with neurons, found nothing`);
  }
  return dModel;
}

function checkNames(found: Json, expected: number, file: string, what: string): void {
  const n = Object.keys(found).length;
  if (n !== expected) {
    throw new Error(`${file}: expected ${expected} ${what} for the shape in cfg, found ${n}`);
  }
}

function object(value: unknown, file: string, what: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw mismatch(file, what, "an object", value);
}

function flag(value: unknown, file: string, what: string): boolean {
  if (typeof value === "boolean") return value;
  throw mismatch(file, what, "true or false", value);
}

function number(value: unknown, file: string, what: string): number {
  if (typeof value === "number") return value;
  throw mismatch(file, what, "a number", value);
}

/** Most layers, and most heads of a layer: above any real model, low enough to loop over. */
const MOST = 1000;

function count(value: unknown, file: string, what: string, most = 2 ** 31): number {
  if (Number.isInteger(value) && (value as number) > 0 && (value as number) <= most) {
    return value as number;
  }
  throw mismatch(file, what, `a whole number from 1 to ${most}`, value);
}

function mismatch(file: string, what: string, expected: string, found: unknown): Error {
  const shown = found === undefined ? "nothing" : shortJson(found);
  return new Error(
    `${file}: expected ${what} to be ${expected}, found ${shown}; is this a graph file of EAP-IG?`,
  );
}
