/**
 * Writes and reads graph files as tensors, for graphs whose JSON is unwieldy: 11.9 million edges of a model of 20 billion
 * parameters are 0.9 GB of JSON and 80 MB here, and no reader of JSON strings opens the former.
 *
 *     scores    F16 [nForward, nBackward], times 2^exponent
 *     in_graph  U8  [nForward, nBackward], 1 = in the circuit
 *     metadata  format, n_layers, n_heads, parallel_attn_mlp, d_model, exponent
 *
 * The exponent brings the largest score to the top of float16's range, so that scores of nine decades keep eleven bits:
 * errors are at most 2^−11 of a score. The circuit is exact.
 */
import {
  openSafetensors,
  readSafetensorsHeader,
  type TensorSet,
  writeSafetensors,
} from "../../tensor_files/mod.ts";
import { checkMatrix, type CircuitShape, edgesInOrder, nBackward, nForward } from "../graph/mod.ts";
import type { GraphFile } from "./graph_json_reader.ts";

/** Name and version of the layout. */
const FORMAT = "circuits-over-time/graph/1";
/** Exponent of the largest score in a file: float16 ends below 2^16. */
const TOP = 14;

/**
 * Writes a graph file of tensors, completely or not at all.
 * @throws Error if a matrix has the wrong size, a score is not finite, or the graph has scores of nodes or neurons, which
 *   such a file cannot hold.
 */
export async function writeGraphTensors(path: string, graph: GraphFile): Promise<void> {
  const { shape, dModel, mask } = graph;
  checkMatrix(shape, graph.scores, "the scores");
  checkMatrix(shape, mask, "the mask");
  if (graph.nodeScores || graph.neurons || graph.neuronScores) {
    throw new Error("a graph file of tensors cannot hold scores of nodes or neurons; use JSON");
  }
  const size = [nForward(shape), nBackward(shape)];
  // cells that are not edges have no score
  const scores = new Float64Array(graph.scores.length);
  let largest = 0;
  for (const cell of edgesInOrder(shape)) {
    const score = graph.scores[cell];
    if (!Number.isFinite(score)) throw new Error(`the score of cell ${cell} is ${score}`);
    scores[cell] = score;
    largest = Math.max(largest, Math.abs(score));
  }
  const exponent = largest === 0 ? 0 : TOP - Math.floor(Math.log2(largest));
  const data = scores.map((score) => score * 2 ** exponent);
  await writeSafetensors(path, {
    scores: { dtype: "F16", shape: size, data },
    in_graph: { dtype: "U8", shape: size, data: mask },
  }, {
    format: FORMAT,
    n_layers: String(shape.nLayers),
    n_heads: String(shape.nHeads),
    parallel_attn_mlp: String(shape.parallel),
    exponent: String(exponent),
    ...(dModel !== undefined && { d_model: String(dModel) }),
  });
}

/**
 * Reads a graph file of tensors.
 * @throws Error naming the file and what is wrong with it; Deno.errors.NotFound if there is none.
 */
export async function readGraphTensors(path: string): Promise<GraphFile> {
  await Deno.stat(path);
  const { metadata } = await readSafetensorsHeader(path);
  if (metadata.format !== FORMAT) {
    throw new Error(`${path}: expected the format ${FORMAT}, found ${metadata.format ?? "none"}`);
  }
  const number = (key: string, least: number, most: number): number => {
    const value = Number(metadata[key] ?? NaN);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new Error(
      `${path}: ${key}: expected an integer from ${least} to ${most}, found ${metadata[key]}`,
    );
  };
  const shape: CircuitShape = {
    nLayers: number("n_layers", 1, 10_000),
    nHeads: number("n_heads", 1, 10_000),
    parallel: metadata.parallel_attn_mlp === "true",
  };
  const dModel = metadata.d_model === undefined ? undefined : number("d_model", 1, 1_000_000);
  const factor = 2 ** -number("exponent", -1000, 1000);
  const file = await openSafetensors(path);
  try {
    const scores = (await matrix(file, path, "scores", shape)).map((score) => score * factor);
    const mask = Uint8Array.from(await matrix(file, path, "in_graph", shape));
    return { shape, scores, mask, ...(dModel !== undefined && { dModel }) };
  } finally {
    file.close();
  }
}

async function matrix(file: TensorSet, path: string, name: string, shape: CircuitShape) {
  const size = [nForward(shape), nBackward(shape)];
  const found = file.has(name) ? file.info(name).shape : undefined;
  if (JSON.stringify(found) !== JSON.stringify(size)) {
    throw new Error(
      `${path}: ${name}: expected shape [${size}], as of a model of ${shape.nLayers} layers with ` +
        `${shape.nHeads} heads, found ${found ? `[${found}]` : "no such tensor"}`,
    );
  }
  return await file.read(name);
}
