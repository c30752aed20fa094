/**
 * Writes and reads graph files of EAP-IG: the scores and flags of all edges, in EAP-IG's order, on a single line.
 *
 *     { "cfg":   {"n_layers": 3, "n_heads": 4, "parallel_attn_mlp": true, "d_model": 32},
 *       "nodes": {"input": {"in_graph": true}, …, "logits": {"in_graph": true}},
 *       "edges": {"input->a0.h0<q>": {"score": 0.009, "in_graph": false}, …} }
 *
 * This is version 2 (package `eap`). Version 1 (branch `circuits-over-time`, the paper's results) has no `d_model`, and a
 * node is just `true` or `false`. Version 2 may also hold scores of nodes, and flags and scores of neurons; the neurons of
 * a head are then the lists of all heads of its layer, because EAP-IG's loader expects that. The text equals what
 * Python's `json.dump` writes for the same graph, byte for byte.
 */
import { WriteError } from "../../base/mod.ts";
import { nodeNames } from "../../names/mod.ts";
import {
  cellName,
  checkMatrix,
  edgesInOrder,
  nForward,
  nodeMask,
  sourceNode,
} from "../graph/mod.ts";
import { type GraphFile, parseGraphJson } from "./graph_json_reader.ts";
import { writePartsAtomic } from "../../tensor_files/mod.ts";
import { pythonFloat } from "./python_json.ts";

/** Version of the file format: 1 is that of the paper's results, 2 that of the package `eap`. */
export type GraphJsonVersion = 1 | 2;

/** Edges in one part of a file: about 4 MB of text. */
const EDGES_PER_PART = 50_000;
/** Bytes of a file that one JavaScript string can hold. */
const MOST_BYTES = 500_000_000;

/**
 * Returns the text of a graph file, without a newline at the end. A graph of ten million edges or more does not fit in a
 * string; `writeGraphJson` writes it part by part.
 * @throws Error if a matrix has the wrong size, a score is not finite, or the version cannot hold the content.
 */
export function formatGraphJson(graph: GraphFile, version: GraphJsonVersion): string {
  return [...graphJsonParts(graph, version)].join("");
}

/** Yields the text of a graph file in parts. Same errors as `formatGraphJson`. */
function* graphJsonParts(graph: GraphFile, version: GraphJsonVersion): Generator<string> {
  const { shape, dModel } = graph;
  checkMatrix(shape, graph.scores, "the scores");
  checkMatrix(shape, graph.mask, "the mask");
  if (version === 2 && dModel === undefined) {
    throw new Error("a graph file of version 2 needs dModel, the width of the residual stream");
  }
  if (version === 1 && (graph.nodeScores || graph.neurons || graph.neuronScores)) {
    throw new Error(
      "a graph file of version 1 cannot hold scores of nodes or neurons; use version 2",
    );
  }
  const cfg = [
    `"n_layers": ${shape.nLayers}`,
    `"n_heads": ${shape.nHeads}`,
    `"parallel_attn_mlp": ${shape.parallel}`,
    ...(version === 2 ? [`"d_model": ${dModel}`] : []),
  ];
  const nodes = version === 1 ? formatFlags(graph) : formatNodes(graph);
  yield `{"cfg": {${cfg.join(", ")}}, "nodes": {${nodes.join(", ")}}, "edges": {`;
  yield* formatEdges(graph);
  yield "}}";
}

/** Writes a graph file atomically. Same errors as `formatGraphJson`, and WriteError if the file cannot be written. */
export async function writeGraphJson(
  path: string,
  graph: GraphFile,
  version: GraphJsonVersion,
): Promise<void> {
  const encoder = new TextEncoder();
  let wrong: unknown;
  const parts = function* () {
    try {
      for (const part of graphJsonParts(graph, version)) yield encoder.encode(part);
    } catch (error) {
      wrong = error;
      throw error;
    }
  };
  try {
    await writePartsAtomic(path, parts());
  } catch (cause) {
    if (wrong !== undefined) throw wrong;
    throw new WriteError((cause as Error).message, { cause });
  }
}

/**
 * Reads a graph file of either version.
 * @throws Error naming the file and the key if the file is not JSON, its nodes or edges are not those of its shape, or it
 *   is larger than 500 MB; Deno.errors.NotFound if there is no file.
 */
export async function readGraphJson(path: string): Promise<GraphFile> {
  const { size } = await Deno.stat(path);
  if (size > MOST_BYTES) {
    throw new Error(`${path} has ${size} bytes; graph files of at most ${MOST_BYTES} can be read`);
  }
  return parseGraphJson(await Deno.readTextFile(path), path);
}

function formatFlags({ shape, mask, nodes = nodeMask(shape, mask) }: GraphFile): string[] {
  return nodeNames(shape).map((name, u) => `"${name}": ${nodes[u] === 1}`);
}

function formatNodes(graph: GraphFile): string[] {
  const { shape, mask, nodes = nodeMask(shape, mask), nodeScores, neurons, neuronScores } = graph;
  const sources = nForward(shape);
  return nodeNames(shape).map((name, u) => {
    // in version 2 `logits` is always in the graph
    const fields = [`"in_graph": ${u === sources || nodes[u] === 1}`];
    if (u < sources) {
      if (nodeScores && !Number.isNaN(nodeScores[u])) {
        fields.push(`"score": ${pythonFloat(nodeScores[u])}`);
      }
      if (neurons) {
        fields.push(`"neurons": ${formatNeurons(graph, u, (i) => String(neurons[i] === 1))}`);
      }
      if (neuronScores) {
        const list = formatNeurons(graph, u, (i) => pythonFloat(neuronScores[i]));
        fields.push(`"neurons_scores": ${list}`);
      }
    }
    return `"${name}": {${fields.join(", ")}}`;
  });
}

function formatNeurons(
  { shape, dModel }: GraphFile,
  u: number,
  element: (index: number) => string,
): string {
  const row = (source: number) =>
    `[${Array.from({ length: dModel! }, (_, i) => element(source * dModel! + i)).join(", ")}]`;
  const node = sourceNode(shape, u);
  if (node.kind !== "head") return row(u);
  const first = u - node.head;
  return `[${Array.from({ length: shape.nHeads }, (_, h) => row(first + h)).join(", ")}]`;
}

function* formatEdges({ shape, scores, mask }: GraphFile): Generator<string> {
  let edges: string[] = [], first = true;
  const part = () => {
    const text = (first ? "" : ", ") + edges.join(", ");
    [edges, first] = [[], false];
    return text;
  };
  for (const cell of edgesInOrder(shape)) {
    const name = cellName(shape, cell);
    edges.push(
      `"${name}": {"score": ${pythonFloat(scores[cell])}, "in_graph": ${mask[cell] === 1}}`,
    );
    if (edges.length === EDGES_PER_PART) yield part();
  }
  if (edges.length > 0) yield part();
}
