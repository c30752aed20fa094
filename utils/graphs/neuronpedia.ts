/**
 * A pruned attribution graph as JSON for Neuronpedia and circuit-tracer's viewer, with circuit-tracer's ids:
 *
 *     feature   {layer}_{feature}_{position}      number: Cantor pair of layer and feature
 *     error     0_{layer}_{position}
 *     token     E_{token}_{position}
 *     target    {L + 1}_{token}_{position}        a target that is not a logit counts from the end of the vocabulary
 *
 * The id of an error may be that of a feature of layer 0. Where both are in the graph, the error becomes `ERR_{layer}_{position}`,
 * unless circuit-tracer's ambiguous ids are asked for.
 *
 * Nodes without an edge are left out, tokens and targets excepted. Biases have no node in this format.
 */
import type { NeuronpediaGraph, NeuronpediaNode } from "../results/mod.ts";
import type { GraphData } from "./graph_data.ts";
import type { PrunedGraph } from "./influence.ts";

/** What the JSON keeps of a graph. */
export interface NamedGraph extends GraphData {
  /** token ids of the prompt, `[n]` */
  tokens: readonly number[];
  /** (layer, position, feature) of each feature, `[K, 3]` */
  features: Int32Array;
  /** activation of each feature, `[K]` */
  activations: Float32Array;
  /** targets, `[T]` */
  targets: readonly { label: string; position: number; weight: number; token?: number }[];
}

/** What the file says besides nodes and edges. */
export interface NeuronpediaInfo {
  /** name of the file: letters, digits, `-`, `_` and `.` */
  slug: string;
  /** what the file is of: the model's id on Neuronpedia, or the set of coders for circuit-tracer's viewer */
  scan: string;
  /** text of each token of the prompt */
  tokens: readonly string[];
  /** the prompt; default: its tokens joined */
  prompt?: string;
  /** text of a token of the vocabulary */
  tokenText(token: number): string;
  /** size of the vocabulary */
  vocabulary: number;
  /** thresholds that the graph was pruned with */
  pruning: { nodeThreshold: number; edgeThreshold: number };
  /** keep circuit-tracer's ids of errors even where a feature has the same; default false */
  ambiguousIds?: boolean;
  /** other entries of the metadata, e.g. `info`, `generation_settings` */
  metadata?: Record<string, unknown>;
}

/** Returns the Cantor pair of a layer and a feature: the number that circuit-tracer gives a feature. */
export const cantorPair = (layer: number, feature: number): number =>
  (layer + feature) * (layer + feature + 1) / 2 + feature;

/** Returns layer and feature of a Cantor pair. */
export function cantorUnpair(z: number): [number, number] {
  const w = Math.floor((Math.sqrt(8 * z + 1) - 1) / 2), feature = z - w * (w + 1) / 2;
  return [w - feature, feature];
}

/** Returns the graph as Neuronpedia reads it; see the header. @throws Error if the slug cannot be the name of a file. */
export function neuronpediaGraph(
  graph: NamedGraph,
  pruned: PrunedGraph,
  info: NeuronpediaInfo,
): NeuronpediaGraph {
  const { slug, scan, tokens, prompt = tokens.join(""), pruning, metadata = {} } = info;
  checkSlug(slug);
  const { activations: { length: K }, columns, edges } = graph;
  const n = graph.tokens.length, sources = K + (graph.layers + 1) * n;
  const linked = new Uint8Array(sources + graph.targets.length);
  pruned.edges.forEach((node) => linked[node] = 1);
  const shown = Array.from(linked.keys()).filter((node) =>
    pruned.nodes[node] && (linked[node] || node >= sources - n)
  );
  const nodes = new Map(shown.map((node) => [node, nodeOf(graph, pruned, node, info)]));
  const features = new Set(
    shown.filter((node) => node < K).map((node) => nodes.get(node)!.node_id),
  );
  for (const [node, made] of info.ambiguousIds ? [] : nodes) {
    if (node < K || node >= sources - n || !features.has(made.node_id)) continue;
    made.node_id = `ERR_${made.layer}_${made.ctx_idx}`;
  }
  const links: NeuronpediaGraph["links"] = [];
  for (let e = 0; e < pruned.edges.length; e += 2) {
    const [target, source] = [pruned.edges[e], pruned.edges[e + 1]];
    const row = target < K ? target : K + target - sources;
    links.push({
      source: nodes.get(source)!.node_id,
      target: nodes.get(target)!.node_id,
      weight: edges[row * columns + source],
    });
  }
  return {
    metadata: {
      slug,
      scan,
      transcoder_list: [],
      prompt_tokens: [...tokens],
      prompt,
      node_threshold: pruning.nodeThreshold,
      schema_version: 1,
      pruning_settings: {
        node_threshold: pruning.nodeThreshold,
        edge_threshold: pruning.edgeThreshold,
      },
      ...metadata,
    },
    qParams: { pinnedIds: [], supernodes: [], linkType: "both", clickedId: "", sg_pos: "" },
    nodes: [...nodes.values()],
    links,
  };
}

/** Checks that a slug can be the name of a file. @throws Error if not. */
export function checkSlug(slug: string): void {
  if (/^[\w-][\w.-]*$/.test(slug)) return;
  throw new Error(
    `slug "${slug}": expected letters, digits, "-", "_" and ".", not beginning with "."`,
  );
}

function nodeOf(
  graph: NamedGraph,
  { shares }: PrunedGraph,
  node: number,
  { tokenText, vocabulary }: NeuronpediaInfo,
): NeuronpediaNode {
  const { activations, features, layers: L, tokens, targets } = graph;
  const K = activations.length, n = tokens.length;
  const common = {
    token_prob: 0,
    is_target_logit: false,
    run_idx: 0 as const,
    reverse_ctx_idx: 0 as const,
    clerp: "",
    influence: shares[node],
    activation: null,
  };
  if (node < K) {
    const [layer, position, feature] = features.subarray(3 * node, 3 * node + 3);
    return {
      node_id: `${layer}_${feature}_${position}`,
      feature: cantorPair(layer, feature),
      layer: `${layer}`,
      ctx_idx: position,
      feature_type: "cross layer transcoder",
      ...common,
      jsNodeId: `${layer}_${feature}-0`,
      activation: activations[node],
    };
  }
  const at = node - K, layer = Math.floor(at / n), position = at % n;
  if (layer < L) {
    return {
      node_id: `0_${layer}_${position}`,
      feature: -1,
      layer: `${layer}`,
      ctx_idx: position,
      feature_type: "mlp reconstruction error",
      ...common,
      jsNodeId: `${layer}_${position}-0`,
    };
  }
  if (layer === L) {
    return {
      node_id: `E_${tokens[position]}_${position}`,
      feature: position,
      layer: "E",
      ctx_idx: position,
      feature_type: "embedding",
      ...common,
      jsNodeId: `E_${tokens[position]}-${position}`,
    };
  }
  const index = at - (L + 1) * n, target = targets[index];
  const id = target.token ?? vocabulary + index;
  const text = target.token === undefined ? target.label : tokenText(target.token);
  return {
    node_id: `${L + 1}_${id}_${target.position}`,
    feature: id,
    layer: `${L + 1}`,
    ctx_idx: target.position,
    feature_type: "logit",
    ...common,
    token_prob: target.weight,
    is_target_logit: index === 0,
    jsNodeId: `L_${id}-${target.position}`,
    clerp: `Output "${text}" (p=${target.weight.toFixed(3)})`,
    influence: null,
  };
}
