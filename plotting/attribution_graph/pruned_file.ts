/**
 * Makes a graph for the page from a pruned one in Neuronpedia's schema, such as circuit-tracer's. Its numbers are those of the
 * edges in the file: it has neither the edges that pruning removed nor biases.
 */
import { UserError } from "../../utils/base/mod.ts";
import { cantorUnpair } from "../../utils/graphs/mod.ts";
import type { NeuronpediaGraph, NeuronpediaNode } from "../../utils/results/mod.ts";
import type { ReadGraph } from "./page_graph.ts";

/** Returns the graph of a file. @throws UserError naming a node or a link that does not fit. */
export function prunedGraph(json: NeuronpediaGraph, file: string): ReadGraph {
  const { metadata, nodes, links, qParams } = json;
  const n = metadata.prompt_tokens.length;
  const of = (type: NeuronpediaNode["feature_type"]) =>
    nodes.filter(({ feature_type }) => feature_type === type);
  const features = of("cross layer transcoder").map((node) => ({ node, place: placeOf(node) }))
    .sort((a, b) => compare(a.place, b.place));
  const errors = of("mlp reconstruction error"), logits = of("logit");
  for (const { node_id, ctx_idx } of nodes) {
    if (ctx_idx < n) continue;
    throw new UserError(`${file}: node ${node_id} is at position ${ctx_idx} of ${n} tokens`, 2);
  }
  const layers = 1 + Math.max(
    0,
    ...features.map(({ place }) => place[0]),
    ...errors.map(({ layer }) => Number(layer)),
    ...logits.map(({ layer }) => Number(layer) - 2),
  );
  const K = features.length, sources = K + (layers + 1) * n;
  const numbers = new Map<string, number>();
  features.forEach(({ node }, i) => numbers.set(node.node_id, i));
  // after the features: the id of an error may be that of a feature of layer 0, which then has the links
  const add = (node: NeuronpediaNode, number: number) => {
    if (!numbers.has(node.node_id)) numbers.set(node.node_id, number);
  };
  for (const node of errors) add(node, K + Number(node.layer) * n + node.ctx_idx);
  for (const node of of("embedding")) add(node, K + layers * n + node.ctx_idx);
  logits.forEach((node, t) => add(node, sources + t));
  const edges = new Float32Array((K + logits.length) * sources);
  for (const { source, target, weight } of links) {
    const [from, to] = [numbers.get(source), numbers.get(target)];
    const row = to === undefined ? -1 : to < K ? to : to < sources ? -1 : K + to - sources;
    if (from === undefined || from >= sources || row < 0) {
      throw new UserError(
        `${file}: link ${source} → ${target}: expected a feature, error or token, and a feature or logit`,
        2,
      );
    }
    edges[row * sources + from] = weight;
  }
  const { pruning_settings, node_threshold, info, scan, slug, prompt } = metadata;
  return {
    slug,
    prompt,
    about: info?.description ?? scan,
    tokenTexts: metadata.prompt_tokens,
    graph: {
      tokens: tokenIds(nodes, n),
      layers,
      features: Int32Array.from(features.flatMap(({ place }) => place)),
      activations: Float32Array.from(features, ({ node }) => node.activation ?? NaN),
      targets: logits.map(({ clerp, ctx_idx, token_prob, feature }) => ({
        label: labelOf(clerp),
        position: ctx_idx,
        weight: token_prob,
        ...(feature === null ? {} : { token: feature }),
      })),
      columns: sources,
      edges,
    },
    biases: [],
    complete: false,
    // the file is pruned: the page starts with all of it
    thresholds: { node: 1, edge: 1 },
    marks: qParams,
    ...(pruning_settings || node_threshold !== undefined
      ? {
        about: `${info?.description ?? scan}; pruned to ${
          pruning_settings?.node_threshold ?? node_threshold
        } of the influence`,
      }
      : {}),
  };
}

function placeOf({ node_id, layer, ctx_idx, feature }: NeuronpediaNode): [number, number, number] {
  const ids = /^(\d+)_(\d+)_(\d+)$/.exec(node_id);
  const index = ids ? Number(ids[2]) : feature === null ? 0 : cantorUnpair(feature)[1];
  return [Number(layer), ctx_idx, index];
}

const compare = (a: number[], b: number[]) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/** Returns the token ids that the ids of embeddings have; −1 where there is none. */
function tokenIds(nodes: readonly NeuronpediaNode[], n: number): number[] {
  const ids = new Array<number>(n).fill(-1);
  for (const { node_id, ctx_idx, feature_type } of nodes) {
    const found = /^E_(\d+)_\d+$/.exec(node_id);
    if (feature_type === "embedding" && found) ids[ctx_idx] = Number(found[1]);
  }
  return ids;
}

/** Returns `Austin` of `Output "Austin" (p=0.500)`; other labels as they are. */
const labelOf = (clerp: string) => /^Output "([\s\S]*)" \(p=[\d.]+\)$/.exec(clerp)?.[1] ?? clerp;
