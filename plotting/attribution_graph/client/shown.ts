/** What the page shows of a graph in a state: the nodes and edges that pruning keeps, pins, the clicked node; what it hides. */
import {
  type GraphScores,
  randomSubgraphScores,
  subgraphScores,
} from "../../../utils/graphs/mod.ts";
import type { DrawnEdge } from "./picture/edges.ts";
import type { GraphModel, PageNode } from "./page_model.ts";
import type { State } from "./state.ts";

/** Draws of the floor. */
const DRAWS = 20;

/** What is shown of a graph. */
export interface Shown {
  /** nodes in the picture, biases included */
  nodes: PageNode[];
  /** numbers of these */
  has: ReadonlySet<number>;
  /** nodes shown because they are pinned or clicked, although pruning removes them */
  extra: ReadonlySet<number>;
  /** kept edges, without those of biases */
  edges: DrawnEdge[];
  /** largest |weight| of the kept edges */
  largest: number;
  counts: Counts;
  /** scores with the hidden features counted as errors */
  scores: GraphScores;
  /** mean of as many features at random; null where the page does not have all */
  floor: GraphScores | null;
}

/** Numbers of nodes and edges. */
export interface Counts {
  features: number;
  allFeatures: number;
  errors: number;
  allErrors: number;
  edges: number;
  /** edges between features, errors, tokens and targets that are not 0, on the page */
  allEdges: number;
  /** share of the influence that the hidden features and errors have */
  hiddenInfluence: number;
}

const kinds = new WeakMap<GraphModel, number>();

function edgeCount({ data, firstTarget }: GraphModel): number {
  let count = 0;
  const places = atob(data.edges.columns), wide = data.columns < 65_536 ? 2 : 4;
  for (let at = 0; at < places.length; at += wide) {
    let column = 0;
    for (let i = wide - 1; i >= 0; i--) column = 256 * column + places.charCodeAt(at + i);
    if (column < firstTarget) count++;
  }
  return count;
}

/** Returns what is shown, from the last call's result where pruning has not changed. */
export function createShown(): (model: GraphModel, state: State) => Shown {
  let last: { key: string; kept: ReturnType<typeof pruned> } | undefined;
  return (model, state) => {
    const key = `${state.graph} ${state.nodeThreshold} ${state.edgeThreshold}`;
    if (last?.key !== key) {
      last = { key, kept: pruned(model, state.nodeThreshold, state.edgeThreshold) };
    }
    return withMarks(model, state, last.kept);
  };
}

function pruned(model: GraphModel, nodeThreshold: number, edgeThreshold: number) {
  const { graph, K, firstTarget, influence, data } = model, n = graph.tokens.length;
  const { nodes, edges: pairs } = model.prune(nodeThreshold, edgeThreshold);
  const edges: DrawnEdge[] = [], linked = new Uint8Array(nodes.length);
  let largest = 0;
  for (let i = 0; i < pairs.length; i += 2) {
    const target = pairs[i], source = pairs[i + 1], weight = model.edge(target, source);
    linked[target] = linked[source] = 1;
    largest = Math.max(largest, Math.abs(weight));
    edges.push({ target, source, weight });
  }
  const kept = new Set<number>();
  const firstToken = firstTarget - n;
  const inside = new Uint8Array(K);
  let features = 0, errors = 0, hidden = 0, all = 0;
  nodes.forEach((keep, node) => {
    const shown = keep === 1 && (linked[node] === 1 || node >= firstToken);
    if (shown) kept.add(node);
    if (node < K && shown) inside[node] = 1;
    if (node < K) features += Number(shown);
    else if (node < firstToken) errors += Number(shown);
    all += influence[node];
    if (!shown) hidden += influence[node];
  });
  let whole = kinds.get(model);
  if (whole === undefined) kinds.set(model, whole = edgeCount(model));
  const total = data.part ? null : all;
  return {
    kept,
    edges,
    largest,
    counts: {
      features,
      allFeatures: data.part?.features ?? K,
      errors,
      allErrors: graph.layers * n,
      edges: edges.length,
      allEdges: whole,
      hiddenInfluence: total === null ? 1 - shareOf(model, kept) : all === 0 ? 0 : hidden / all,
    },
    scores: subgraphScores(graph, inside),
    floor: data.part || !data.complete ? null : randomSubgraphScores(graph, features, DRAWS),
  };
}

/** Returns the share of the influence of all nodes that some have, where the page has a part of the nodes. */
function shareOf(model: GraphModel, kept: ReadonlySet<number>): number {
  const bytes = atob(model.data.part!.allInfluences);
  const all = new Float64Array(Uint8Array.from(bytes, (c) => c.charCodeAt(0)).buffer)
    .reduce((a, b) => a + b, 0);
  let sum = 0;
  for (const node of kept) sum += model.influence[node];
  return all === 0 ? 0 : sum / all;
}

function withMarks(
  model: GraphModel,
  { pins, clicked, biases }: State,
  { kept, ...rest }: ReturnType<typeof pruned>,
): Shown {
  const has = new Set(kept), extra = new Set<number>();
  for (const id of [...pins, ...(clicked ? [clicked] : [])]) {
    const { node } = model.byId.get(id)!;
    if (has.has(node)) continue;
    has.add(node);
    extra.add(node);
  }
  if (biases === "show") {
    for (let b = model.firstBias; b < model.nodes.length; b++) {
      if (model.data.biases[b - model.firstBias].origin !== "left_out" || model.data.leftOut) {
        has.add(b);
      }
    }
  }
  return { ...rest, has, extra, nodes: model.nodes.filter(({ node }) => has.has(node)) };
}

/** Returns the edges into and out of a node among the shown nodes: kept ones, and for biases and unkept nodes all. */
export function edgesAt(model: GraphModel, shown: Shown, node: number): DrawnEdge[] {
  const found = shown.edges.filter(({ target, source }) => target === node || source === node);
  const known = new Set(found.map(({ target, source }) => `${target}<${source}`));
  const add = (target: number, source: number) => {
    const weight = model.edge(target, source);
    if (weight !== 0 && !known.has(`${target}<${source}`)) found.push({ target, source, weight });
  };
  const all = shown.extra.has(node) || node >= model.firstBias;
  for (const { node: other, kind } of shown.nodes) {
    if (!all && kind !== "bias" && !shown.extra.has(other)) continue;
    add(node, other);
    add(other, node);
  }
  return found;
}
