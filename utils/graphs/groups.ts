/**
 * Groups of nodes ("supernodes"): edges between them, and groups by attribution profile.
 *
 * An edge between groups is the share of the target group's input that comes from the source group:
 *
 *     edge(T, S) = Σ_{t ∈ T} w_t Σ_{s ∈ S} A[t, s] / Σ_s |A[t, s]|,      w_t = B_t / Σ_{t ∈ T} B_t
 *
 * with the influence B of the whole graph and its sums over features, errors and tokens. It keeps signs, lies between −1 and 1,
 * and for two nodes it is their edge over the size of the target's inputs. Edges inside a group are left out.
 *
 * The profile of a feature has two parts: what it takes, its row; and what it gives, its column with each entry times B_t over
 * the size of the row. The similarity of two features is the mean of the cosines of the parts. Groups are merged by average
 * linkage (agglomerative clustering), the most similar first, until there are as many as asked for. Source of the idea: ADAG
 * (2604.07615), which clusters attribution profiles spectrally.
 */
import { type GraphData, nodeCount, rowOf } from "./graph_data.ts";

/** An edge between two groups, by their places in the list. */
export interface GroupEdge {
  /** place of the group that takes */
  target: number;
  /** place of the group that gives */
  source: number;
  /** signed share of the target's input; see the header */
  share: number;
}

/** Returns the size of the inputs of each row, Σ |A| over features, errors and tokens, `[K + T]`. */
export function inputSizes(graph: GraphData): Float64Array {
  const { columns, edges, targets } = graph, sources = nodeCount(graph) - targets.length;
  return Float64Array.from({ length: edges.length / columns }, (_, row) => {
    let sum = 0;
    for (let s = 0; s < sources; s++) sum += Math.abs(edges[row * columns + s]);
    return sum;
  });
}

/**
 * Returns the edges between groups that are not 0; see the header.
 * @param groups nodes of each group; no node in two groups
 * @param influence influence of each node; targets count with their weights
 * @param sizes size of the inputs of each row, where the data are part of a graph
 */
export function groupEdges(
  graph: GraphData,
  groups: readonly (readonly number[])[],
  influence: Float64Array,
  sizes: Float64Array = inputSizes(graph),
): GroupEdge[] {
  const { columns, edges, targets } = graph, sources = nodeCount(graph) - targets.length;
  const found: GroupEdge[] = [];
  const weightOf = (node: number) =>
    node >= sources ? targets[node - sources].weight : influence[node];
  groups.forEach((members, target) => {
    const rows = members.filter((node) => rowOf(graph, node) >= 0);
    const all = rows.reduce((sum, node) => sum + weightOf(node), 0);
    groups.forEach((others, source) => {
      if (source === target) return;
      let share = 0;
      for (const node of rows) {
        const row = rowOf(graph, node), size = sizes[row];
        if (size === 0) continue;
        const by = (all > 0 ? weightOf(node) / all : 1 / rows.length) / size;
        for (const s of others) if (s < sources) share += by * edges[row * columns + s];
      }
      if (share !== 0) found.push({ target, source, share });
    });
  });
  return found;
}

/** Features grouped by attribution profile. */
export interface ProfileGroups {
  /** groups of features, ascending inside; the group with the lowest feature first */
  groups: number[][];
  /** mean similarity of two features of the same group; undefined if every group has one feature */
  within?: number;
  /** mean similarity of any two of the features: what groups at random have; undefined for fewer than two features */
  between?: number;
}

/**
 * Groups features by their attribution profiles; see the header.
 * @param nodes features, by node number
 * @param count number of groups, at most as many as features
 * @param influence influence of each node
 */
export function profileGroups(
  graph: GraphData,
  nodes: readonly number[],
  count: number,
  influence: Float64Array,
): ProfileGroups {
  const similarity = similarities(graph, nodes, influence), size = nodes.length;
  let groups = nodes.map((_, i) => [i]);
  const linkage = (a: number[], b: number[]) => {
    let sum = 0;
    for (const i of a) for (const j of b) sum += similarity[i * size + j];
    return sum / (a.length * b.length);
  };
  while (groups.length > Math.max(1, count)) {
    let best = -Infinity, pair = [0, 1];
    for (let i = 0; i < groups.length; i++) {
      for (let j = i + 1; j < groups.length; j++) {
        const value = linkage(groups[i], groups[j]);
        if (value > best) [best, pair] = [value, [i, j]];
      }
    }
    const joined = [...groups[pair[0]], ...groups[pair[1]]].sort((a, b) => a - b);
    groups = groups.map((group, i) => i === pair[0] ? joined : group)
      .filter((_, i) => i !== pair[1]);
  }
  const mean = (list: number[][]) => {
    let sum = 0, pairs = 0;
    for (const group of list) {
      for (const i of group) {
        for (const j of group) {
          if (i < j) [sum, pairs] = [sum + similarity[i * size + j], pairs + 1];
        }
      }
    }
    return pairs === 0 ? undefined : sum / pairs;
  };
  return {
    groups: groups.map((group) => group.map((i) => nodes[i])),
    within: mean(groups),
    between: mean([nodes.map((_, i) => i)]),
  };
}

/** Returns the similarities of the features' profiles, `[nodes, nodes]`. */
function similarities(
  graph: GraphData,
  nodes: readonly number[],
  influence: Float64Array,
): Float64Array {
  const { columns, edges, targets, activations: { length: K } } = graph;
  const sources = nodeCount(graph) - targets.length, rows = edges.length / columns;
  const sizes = inputSizes(graph);
  const flows = Float64Array.from(sizes, (size, row) => {
    const weight = row < K ? influence[row] : targets[row - K].weight;
    return size === 0 ? 0 : weight / size;
  });
  const takes = nodes.map((node) => unit(edges.subarray(node * columns, node * columns + sources)));
  const gives = nodes.map((node) =>
    unit(Float64Array.from({ length: rows }, (_, row) => edges[row * columns + node] * flows[row]))
  );
  const size = nodes.length, out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const value = (dot(takes[i], takes[j]) + dot(gives[i], gives[j])) / 2;
      out[i * size + j] = out[j * size + i] = value;
    }
  }
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function unit(values: Float32Array | Float64Array): Float64Array {
  const vector = Float64Array.from(values), length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector : vector.map((x) => x / length);
}
