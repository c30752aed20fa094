/**
 * The paths of a pruned graph with the largest weights. A path goes from a target down to a token or an error; its weight is
 *
 *     w(target) · Π |edge| / Σ |edges into the node|      over the kept edges
 *
 * so the weights of all paths of the graph add up to the weights of the targets. Best-first search: the open path with the
 * largest weight is extended; a path that has come to a token or an error is final, and no open path can overtake it.
 */
import type { AttributionGraph } from "./graph.ts";
import type { PrunedGraph } from "../../graphs/mod.ts";

/** A path of nodes, target first. */
export interface WeightedPath {
  /** node numbers, the target first */
  nodes: number[];
  /** weight; see the header */
  weight: number;
  /** product of the signs of the edges: whether the path raises or lowers the target */
  sign: number;
}

/** Paths that a search extends at most. */
const MOST_STEPS = 100_000;

/**
 * Returns the strongest paths of a pruned graph, the largest first.
 * @param count number of paths; fewer if the graph has fewer
 */
export function strongestPaths(
  graph: AttributionGraph,
  { edges: kept }: PrunedGraph,
  count: number,
): WeightedPath[] {
  const { activations: { length: K }, columns, edges, targets } = graph;
  const sources = K + (graph.layers + 1) * graph.tokens.length;
  const into = new Map<number, { source: number; edge: number }[]>();
  const sums = new Map<number, number>();
  for (let i = 0; i < kept.length; i += 2) {
    const [target, source] = [kept[i], kept[i + 1]];
    const row = target < K ? target : K + target - sources;
    const edge = edges[row * columns + source];
    if (!into.has(target)) into.set(target, []);
    into.get(target)!.push({ source, edge });
    sums.set(target, (sums.get(target) ?? 0) + Math.abs(edge));
  }
  const open = new PathHeap();
  targets.forEach(({ weight }, t) => open.push({ nodes: [sources + t], weight, sign: 1 }));
  const found: WeightedPath[] = [];
  for (let step = 0; step < MOST_STEPS && found.length < count; step++) {
    const path = open.pop();
    if (!path) break;
    const end = path.nodes[path.nodes.length - 1];
    if (end >= K && end < sources) {
      found.push(path);
      continue;
    }
    for (const { source, edge } of into.get(end) ?? []) {
      open.push({
        nodes: [...path.nodes, source],
        weight: path.weight * Math.abs(edge) / sums.get(end)!,
        sign: path.sign * Math.sign(edge),
      });
    }
  }
  return found;
}

/** A heap of paths, the largest weight on top. */
class PathHeap {
  readonly #paths: WeightedPath[] = [];

  push(path: WeightedPath): void {
    const paths = this.#paths;
    let at = paths.push(path) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (paths[above].weight >= path.weight) break;
      paths[at] = paths[above];
      at = above;
    }
    paths[at] = path;
  }

  pop(): WeightedPath | undefined {
    const paths = this.#paths, top = paths[0], last = paths.pop();
    if (paths.length === 0 || !last) return top;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below + 1 < paths.length && paths[below + 1].weight > paths[below].weight) below++;
      if (below >= paths.length || paths[below].weight <= last.weight) break;
      paths[at] = paths[below];
      at = below;
    }
    paths[at] = last;
    return top;
  }
}
