/**
 * Paths merged into a graph, and what the graph leaves out.
 *
 *  1. Each distinct beginning of a path counts once. Its last step adds its contribution to the edge (child, parent), and its
 *     vector, constant and contribution to the child. A node is a component at a position.
 *  2. A node's contribution is then an exact sum ({@link NodeBalance}):
 *
 *         contribution = Σ edges + other features + other heads + embedding + linear paths + errors + biases + own bias
 *
 *     The own bias is scaled as the node's vector is, so that it compares with the edges. transcoder_circuits leaves it as it
 *     is for a vector of scale 1, and its `prune_error` contains the errors and biases that it lists beside it.
 *  3. `overTokens` adds up positions.
 *
 * Source: Dunefsky, Chlenski & Nanda (2406.11944), `paths_to_graph`, `add_error_nodes_to_graph`, `sum_over_tokens`.
 */
import type { Path } from "./greedy_paths.ts";
import {
  chainName,
  componentName,
  componentOf,
  nodeName,
  type PathComponent,
  type PathNode,
} from "./path_node.ts";
import { type PathRun, received } from "./path_run.ts";

/** An edge of a graph of paths. */
export interface PathEdge {
  /** name of the component that contributes */
  child: string;
  /** name of the component that it contributes to */
  parent: string;
  /** contribution */
  weight: number;
}

/** Paths merged into a graph. */
export interface PathGraph {
  /** nodes by name, the root first; the sum of all occurrences of a component at a position */
  nodes: Map<string, PathNode>;
  /** edges in the order in which the paths have them */
  edges: PathEdge[];
}

/**
 * Merges paths into a graph; see the header.
 * @throws Error if a contribution is capped: capped values do not add up.
 */
export function pathGraph(paths: readonly Path[]): PathGraph {
  const nodes = new Map<string, PathNode>(), edges = new Map<string, PathEdge>();
  const seen = new Set<string>();
  for (const path of paths) {
    for (const [i, node] of path.entries()) {
      if (node.capped) {
        throw new Error(
          `${chainName(node)} has a capped contribution; search with cap "none" for a graph`,
        );
      }
      const beginning = path.slice(0, i + 1).map((each) => nodeName(each)).join(" ");
      if (seen.has(beginning)) continue;
      seen.add(beginning);
      const name = nodeName(node);
      nodes.set(name, added(nodes.get(name), node));
      if (i === 0) continue;
      const parent = nodeName(path[i - 1]), key = `${name} ${parent}`;
      const edge = edges.get(key) ?? { child: name, parent, weight: 0 };
      edge.weight += node.contribution ?? 0;
      edges.set(key, edge);
    }
  }
  return { nodes, edges: [...edges.values()] };
}

function added(before: PathNode | undefined, node: PathNode): PathNode {
  if (!before) return { ...node, chain: [componentOf(node)], vector: node.vector.slice() };
  return {
    ...before,
    vector: before.vector.map((x, i) => x + node.vector[i]),
    constant: before.constant + node.constant,
    scale: before.scale + node.scale,
    contribution: (before.contribution ?? 0) + (node.contribution ?? 0),
  };
}

/** What a node receives, listed or not; everything but `edges` is unlisted. The parts add up to the contribution. */
export interface NodeBalance {
  /** name of the node */
  name: string;
  /** what the node gives; what it receives, for a direction */
  contribution: number;
  /** sum of the edges into it */
  edges: number;
  /** features, as far as they are not in the edges */
  features: number;
  /** heads from positions after the first, as far as they are not in the edges */
  heads: number;
  /** heads from the first position, as far as they are not in the edges */
  firstSource: number;
  /** embedding, as far as it is not in the edges */
  embedding: number;
  /** linear paths, as far as they are not in the edges */
  skips: number;
  /** errors of the coders */
  errors: number;
  /** output biases of attention */
  attentionBias: number;
  /** output biases of the coders, and other constants of the MLPs */
  coderBias: number;
  /** the node's own bias, scaled as its vector is */
  ownBias: number;
  /** contribution − edges − errors − own bias: what the paths leave out */
  residual: number;
}

/**
 * Returns the balance of every node with an edge into it.
 * @throws Error if a node is not of this run.
 */
export function nodeBalances(prepared: PathRun, { nodes, edges }: PathGraph): NodeBalance[] {
  const parents = new Set(edges.map(({ parent }) => parent));
  return [...nodes].filter(([name]) => parents.has(name)).map(([name, node]) => {
    const into = edges.filter(({ parent }) => parent === name);
    const listed = new Map(into.map(({ child, weight }) => [child, weight]));
    return balance(prepared, name, node, listed);
  });
}

function balance(
  prepared: PathRun,
  name: string,
  node: PathNode,
  listed: ReadonlyMap<string, number>,
): NodeBalance {
  const { run: { features, tokens, model }, rows: { sources } } = prepared;
  const { direct, heads, skips } = received(prepared, node);
  const n = tokens.length, K = features.count;
  // A component may be listed for some of the node's occurrences only, so what is listed is taken away from the whole.
  const rest = (value: number, component: PathComponent, token: number) =>
    value - (listed.get(`${componentName(component)}@${token}`) ?? 0);
  const firstError = K, firstToken = K + model.config.nLayers * n;
  const made = {
    edges: [...listed.values()].reduce((a, b) => a + b, 0),
    features: 0,
    heads: 0,
    firstSource: 0,
    embedding: 0,
    skips: 0,
    errors: 0,
    attentionBias: 0,
    coderBias: 0,
    ownBias: node.constant,
  };
  for (let i = 0; i < K; i++) {
    const [layer, position, feature] = features.places.subarray(3 * i, 3 * i + 3);
    made.features += rest(direct[i], { type: "mlp", layer, feature }, position);
  }
  for (let c = firstError; c < firstToken; c++) made.errors += direct[c];
  for (let c = firstToken; c < sources.firstBias; c++) made.embedding += direct[c];
  made.embedding = rest(made.embedding, { type: "embed", layer: 0 }, node.token);
  for (const [b, { origin }] of sources.biases.entries()) {
    made[origin === "attention_output" ? "attentionBias" : "coderBias"] +=
      direct[sources.firstBias + b];
  }
  for (const [layer, values] of heads.entries()) {
    for (const [at, value] of values.entries()) {
      const head = Math.floor(at / n), source = at % n;
      made[source === 0 ? "firstSource" : "heads"] += rest(
        value,
        { type: "attn", layer, head },
        source,
      );
    }
  }
  for (const [layer, value] of skips.entries()) {
    made.skips += rest(value, { type: "skip", layer }, node.token);
  }
  const all = Object.values(made).reduce((a, b) => a + b, 0);
  const contribution = node.contribution ?? all;
  const residual = contribution - made.edges - made.errors - made.ownBias;
  return { name, contribution, ...made, residual };
}

/** Returns the edges with positions added up, in the order of their first occurrence. */
export function overTokens({ edges }: Pick<PathGraph, "edges">): PathEdge[] {
  const bare = (name: string) => name.slice(0, name.lastIndexOf("@"));
  const sums = new Map<string, PathEdge>();
  for (const { child, parent, weight } of edges) {
    const key = `${bare(child)} ${bare(parent)}`;
    const edge = sums.get(key) ?? { child: bare(child), parent: bare(parent), weight: 0 };
    edge.weight += weight;
    sums.set(key, edge);
  }
  return [...sums.values()];
}
