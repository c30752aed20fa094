/**
 * An attribution graph in two files, exactly: every edge, those from biases included.
 *
 *     {path}.safetensors   edges [K + T, columns], features [K, 3], activations [K], target_vectors [T, d]; of the pruned graph
 *                          influence [N], shares [N], node_mask [N], kept_edges [E, 2] (target, source)
 *     {path}.json          format, prompt, tokens, targets, bias nodes, values (doubles), scores, settings
 *
 * Numbers of nodes and columns are those of `feature_circuits`. What is read back equals what was written, bit for bit.
 */
import { readJson, writeJsonAtomic } from "../../base/mod.ts";
import { exactGraphHeader, GRAPH_FORMAT } from "../../results/mod.ts";
import { openSafetensors, writeSafetensors } from "../../tensor_files/mod.ts";
import {
  type AttributionGraph,
  type GraphScores,
  type GraphTarget,
  nodeCount,
  type PrunedGraph,
} from "../graph/mod.ts";
import type { BiasNode, BiasOrigin } from "../linear/mod.ts";

/** What the files say about a graph besides the graph. */
export interface GraphAbout {
  /** the prompt */
  prompt: string;
  /** text of each token */
  tokenTexts: string[];
  /** what the graph was made of and with: model, step, coders, thresholds */
  settings: Record<string, unknown>;
  /** replacement and completeness scores */
  scores: GraphScores;
}

/** A graph as read. */
export interface StoredGraph {
  /** the graph */
  graph: AttributionGraph;
  /** the pruned graph; `influence` and `shares` in float32 */
  pruned: PrunedGraph;
  /** what the file says about it */
  about: GraphAbout;
}

/** Writes a graph to `{path}.safetensors` and `{path}.json`; see the header. */
export async function writeGraph(
  path: string,
  graph: AttributionGraph,
  pruned: PrunedGraph,
  { prompt, tokenTexts, settings, scores }: GraphAbout,
): Promise<void> {
  const { tokens, layers, features, activations, targets, biases, columns, edges } = graph;
  const K = activations.length, T = targets.length, N = nodeCount(graph);
  const vectors = targets.flatMap(({ vector }) => Array.from(vector));
  await writeSafetensors(`${path}.safetensors`, {
    edges: { dtype: "F32", shape: [K + T, columns], data: edges },
    features: { dtype: "I32", shape: [K, 3], data: features },
    activations: { dtype: "F32", shape: [K], data: activations },
    target_vectors: { dtype: "F32", shape: [T, vectors.length / T], data: vectors },
    influence: { dtype: "F32", shape: [N], data: pruned.influence },
    shares: { dtype: "F32", shape: [N], data: pruned.shares },
    node_mask: { dtype: "U8", shape: [N], data: pruned.nodes },
    kept_edges: { dtype: "I32", shape: [pruned.edges.length / 2, 2], data: pruned.edges },
  });
  await writeJsonAtomic(`${path}.json`, {
    format: GRAPH_FORMAT,
    prompt,
    token_texts: tokenTexts,
    tokens,
    layers,
    columns,
    targets: targets.map(({ vector: _, ...target }) => target),
    biases,
    values: graph.values,
    left_out: graph.leftOut,
    scores,
    settings,
  });
}

/**
 * Reads a graph that {@link writeGraph} wrote.
 * @throws Error naming the file that is missing, of another format or damaged.
 */
export async function readGraph(path: string): Promise<StoredGraph> {
  const json = await readJson(`${path}.json`);
  if (json === undefined) throw new Error(`${path}.json is missing: expected an attribution graph`);
  const { error, data } = exactGraphHeader.safeParse(json);
  if (error) {
    const { path: place, message } = error.issues[0];
    throw new Error(`${path}.json: ${place.join(".") || "the file"}: ${message}`);
  }
  const { tokens, layers, columns } = data;
  const T = data.targets.length, K = data.values.length - T;
  const N = K + (layers + 1) * tokens.length + T;
  const tensors = await openSafetensors(`${path}.safetensors`);
  try {
    const vectors = await tensors.read("target_vectors");
    const d = vectors.length / T;
    const graph: AttributionGraph = {
      tokens,
      layers,
      features: Int32Array.from(await tensors.read("features", [K, 3])),
      activations: await tensors.read("activations", [K]),
      targets: data.targets.map((target, t): GraphTarget => ({
        ...target,
        vector: vectors.subarray(t * d, (t + 1) * d),
      })),
      biases: data.biases.map(({ origin, layer }): BiasNode => ({
        origin: origin as BiasOrigin,
        ...(layer === undefined ? {} : { layer }),
      })),
      columns,
      edges: await tensors.read("edges", [K + T, columns]),
      values: Float64Array.from(data.values),
      ...(data.left_out ? { leftOut: data.left_out } : {}),
    };
    const pruned: PrunedGraph = {
      influence: Float64Array.from(await tensors.read("influence", [N])),
      shares: Float64Array.from(await tensors.read("shares", [N])),
      nodes: Uint8Array.from(await tensors.read("node_mask", [N])),
      edges: Int32Array.from(await tensors.read("kept_edges")),
    };
    const { prompt, token_texts: tokenTexts, settings, scores } = data;
    return { graph, pruned, about: { prompt, tokenTexts, settings, scores } };
  } finally {
    tensors.close();
  }
}
