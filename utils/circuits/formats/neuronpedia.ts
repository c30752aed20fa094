/**
 * A circuit as an attribution graph for Neuronpedia and for circuit-tracer's viewer (`graph-schema.json`, version 1.0.0).
 *
 * The format has a column for each token and a row for each layer. Our scores are sums over positions, so all nodes are in
 * one column: that of the token at which the answer is read. The edges from one source into the query, key and value of a
 * head become one link, and its weight is the sum of their signed scores.
 */
import { nodeName } from "../../names/mod.ts";
import type { CircuitEdge } from "../../results/mod.ts";
import { type CircuitShape, type GraphNode, nodeIndex, parseNode } from "../graph/mod.ts";

/** What the viewer shows about the run. */
export interface AttributionGraphInfo {
  /** name of the graph in URLs: letters, digits and hyphens */
  slug: string;
  /** name of the model on Neuronpedia, e.g. `pythia-160m` */
  model: string;
  /** tokens of the example prompt, as text */
  tokens: string[];
  /** index of the token at which the answer is read */
  position: number;
  /** text about the graph */
  description?: string;
}

/** A node of the file. */
export interface AttributionNode {
  /** layer, number within the layer and position, joined by `_` */
  node_id: string;
  /** row of the node in our matrices */
  feature: number;
  /** `E` for the input, else the layer; `logits` comes after all layers */
  layer: string;
  /** index of the token */
  ctx_idx: number;
  /** how the viewer shows the node */
  feature_type: "embedding" | "cross layer transcoder" | "logit";
  /** the viewer's own id */
  jsNodeId: string;
  /** label: the name of the node */
  clerp: string;
}

/** The content of the file. */
export interface AttributionGraph {
  /** what the graph is of */
  metadata: {
    slug: string;
    scan: string;
    prompt_tokens: string[];
    prompt: string;
    info?: { description: string };
  };
  /** how the viewer opens */
  qParams: { linkType: string; pinnedIds: string[]; supernodes: string[][] };
  /** nodes in the order of the residual stream */
  nodes: AttributionNode[];
  /** one per pair of nodes; source and target are node ids */
  links: { source: string; target: string; weight: number }[];
}

/**
 * Returns the attribution graph of a circuit.
 * @throws Error if the slug or the position is not valid, or an edge names a node that the model does not have.
 */
export function attributionGraph(
  shape: CircuitShape,
  circuit: readonly CircuitEdge[],
  { slug, model, tokens, position, description }: AttributionGraphInfo,
): AttributionGraph {
  if (!/^[a-z0-9-]+$/i.test(slug)) {
    throw new Error(`expected a slug of letters, digits and hyphens, found "${slug}"`);
  }
  if (!Number.isInteger(position) || position < 0 || position >= tokens.length) {
    throw new Error(`expected a position among ${tokens.length} tokens, found ${position}`);
  }
  const nodes = new Map<string, AttributionNode>();
  for (const name of new Set(circuit.flatMap(({ source, target }) => [source, target]))) {
    nodes.set(name, attributionNode(shape, parseNode(shape, name), position));
  }
  const weights = new Map<string, number>();
  for (const { source, target, score } of circuit) {
    const pair = `${source} ${target}`;
    weights.set(pair, (weights.get(pair) ?? 0) + score);
  }
  return {
    metadata: {
      slug,
      scan: model,
      prompt_tokens: tokens,
      prompt: tokens.join(""),
      ...(description === undefined ? {} : { info: { description } }),
    },
    qParams: { linkType: "both", pinnedIds: [], supernodes: [] },
    nodes: [...nodes.values()].sort((a, b) => a.feature - b.feature),
    links: [...weights].map(([pair, weight]) => {
      const [source, target] = pair.split(" ").map((name) => nodes.get(name)!.node_id);
      return { source, target, weight };
    }),
  };
}

/** Returns a node of the file; its ids have layer, number within the layer and position, as in circuit-tracer. */
function attributionNode(shape: CircuitShape, node: GraphNode, position: number): AttributionNode {
  const { layer, row, number, type } = viewerPlace(shape, node);
  return {
    node_id: `${layer}_${number}_${position}`,
    feature: nodeIndex(shape, node),
    layer,
    ctx_idx: position,
    feature_type: type,
    jsNodeId: `${row}_${number}-${position}`,
    clerp: nodeName(node),
  };
}

/** Returns a node's layer in the file, its row in the viewer's ids, its number within the layer, and its type. */
function viewerPlace({ nLayers, nHeads }: CircuitShape, node: GraphNode) {
  const layer = String(node.layer);
  switch (node.kind) {
    case "input":
      return { layer: "E", row: "E", number: 0, type: "embedding" } as const;
    case "head":
      return { layer, row: layer, number: node.head, type: "cross layer transcoder" } as const;
    case "mlp":
      return { layer, row: layer, number: nHeads, type: "cross layer transcoder" } as const;
    case "logits":
      return { layer: String(nLayers + 1), row: "L", number: 0, type: "logit" } as const;
  }
}
