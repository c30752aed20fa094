/**
 * An attribution graph as data: numbers of nodes and a matrix of edges. K features, L layers, n positions, T targets.
 *
 * Nodes have numbers: features 0 … K − 1, errors K + layer·n + position, tokens K + L·n + position, targets after them.
 * Edges are a matrix `[K + T, columns]`, a row per feature, then per target. Its columns are features, errors, tokens (the
 * same numbers), then bias nodes, which are not nodes of the influence.
 */

/** What influence, pruning and scores read of a graph. */
export interface GraphData {
  /** one entry per position, `[n]` */
  tokens: { readonly length: number };
  /** number of layers L */
  layers: number;
  /** one entry per feature, `[K]` */
  activations: { readonly length: number };
  /** targets and their weights in the influence, `[T]` */
  targets: readonly { weight: number }[];
  /** number of columns */
  columns: number;
  /** edges `[K + T, columns]` */
  edges: Float32Array;
}

/** Returns the number of the graph's nodes without biases: features, errors, tokens, targets, in this order. */
export function nodeCount(
  { activations, layers, tokens, targets }: Omit<GraphData, "edges">,
): number {
  return activations.length + (layers + 1) * tokens.length + targets.length;
}

/** Returns the row of a node among the edges; −1 for a node without a row, an error or a token. */
export function rowOf(
  { activations, layers, tokens }: Omit<GraphData, "edges">,
  node: number,
): number {
  const K = activations.length, sources = K + (layers + 1) * tokens.length;
  return node < K ? node : node < sources ? -1 : K + node - sources;
}
