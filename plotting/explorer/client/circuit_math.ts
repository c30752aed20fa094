/**
 * Small questions about circuits that the page answers itself: paths through a node, degrees, overlaps between
 * checkpoints, and what the reader has filtered away.
 */
import type {
  CheckpointSummary,
  CircuitEdge,
} from "../../../utils/results/kinds/circuit_summary.ts";
import { edgeName } from "../../../utils/names/mod.ts";
import { type LineKind, lineKind } from "./names.ts";

export interface Filter {
  hidden: Set<LineKind>;
  /** how many of the strongest edges to draw; null for all */
  top: number | null;
}

/** Edges by falling |score|, without hidden letters, at most `top` of them. */
export function visibleEdges(circuit: CircuitEdge[], filter: Filter): CircuitEdge[] {
  const kept = circuit.filter((edge) => !filter.hidden.has(lineKind(edge)))
    .sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
  return filter.top === null ? kept : kept.slice(0, filter.top);
}

export interface Paths {
  nodes: Set<string>;
  /** names of edges that lie on a path through the node */
  edges: Set<string>;
}

/** Everything upstream and downstream of a node within the given edges, the node itself included. */
export function pathsThrough(edges: CircuitEdge[], node: string): Paths {
  const nodes = new Set([node]);
  const names = new Set<string>();
  for (const [from, to] of [["target", "source"], ["source", "target"]] as const) {
    const seen = new Set([node]);
    const queue = [node];
    while (queue.length > 0) {
      const here = queue.pop()!;
      for (const edge of edges) {
        if (edge[from] !== here) continue;
        names.add(edgeName(edge));
        if (seen.has(edge[to])) continue;
        seen.add(edge[to]);
        nodes.add(edge[to]);
        queue.push(edge[to]);
      }
    }
  }
  return { nodes, edges: names };
}

export interface Degrees {
  in: number;
  out: number;
  inScore: number;
  outScore: number;
}

/** Numbers of edges in and out, and the sums of their scores. */
export function degreesOf(edges: CircuitEdge[], node: string): Degrees {
  const result = { in: 0, out: 0, inScore: 0, outScore: 0 };
  for (const edge of edges) {
    if (edge.target === node) {
      result.in++;
      result.inScore += edge.score;
    }
    if (edge.source === node) {
      result.out++;
      result.outScore += edge.score;
    }
  }
  return result;
}

/** Share of the circuit's total |score| that touches each node. */
export function nodeShares(circuit: CircuitEdge[]): Map<string, number> {
  const total = circuit.reduce((sum, edge) => sum + Math.abs(edge.score), 0);
  const shares = new Map<string, number>();
  for (const edge of circuit) {
    const share = total > 0 ? Math.abs(edge.score) / total : 0;
    for (const node of [edge.source, edge.target]) {
      shares.set(node, (shares.get(node) ?? 0) + share);
    }
  }
  return shares;
}

/** |A ∩ B| / |A ∪ B| for every pair; two empty sets have nothing in common and count 0, as in the original code. */
export function jaccardMatrix(sets: string[][]): number[][] {
  const ids = new Map<string, number>();
  const members = sets.map((set) =>
    new Set(set.map((name) => {
      if (!ids.has(name)) ids.set(name, ids.size);
      return ids.get(name)!;
    }))
  );
  const matrix = members.map(() => new Array<number>(members.length).fill(0));
  for (let i = 0; i < members.length; i++) {
    for (let j = i; j < members.length; j++) {
      let both = 0;
      for (const id of members[i]) if (members[j].has(id)) both++;
      const union = members[i].size + members[j].size - both;
      matrix[i][j] = matrix[j][i] = union === 0 ? 0 : both / union;
    }
  }
  return matrix;
}

/** Largest |score| in one circuit; 1 for an empty one, so that it can be divided by. */
export function largestScore(checkpoint: CheckpointSummary): number {
  return checkpoint.circuit.reduce((max, edge) => Math.max(max, Math.abs(edge.score)), 0) || 1;
}

export interface WordPiece {
  text: string;
  differs: boolean;
}

/** Splits two prompts into words and marks those that differ: word by word if the counts agree, else the middle part. */
export function differingWords(clean: string, corrupted: string): [WordPiece[], WordPiece[]] {
  const words = [clean, corrupted].map((text) => text.match(/\s*\S+/g) ?? []);
  const [a, b] = words;
  let marks: [boolean[], boolean[]];
  if (a.length === b.length) {
    const differs = a.map((word, i) => word.trim() !== b[i].trim());
    marks = [differs, differs];
  } else {
    const shorter = Math.min(a.length, b.length);
    let start = 0;
    while (start < shorter && a[start] === b[start]) start++;
    let end = 0;
    while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end++;
    const middle = (list: string[]) => list.map((_, i) => i >= start && i < list.length - end);
    marks = [middle(a), middle(b)];
  }
  const pieces = (index: 0 | 1) =>
    words[index].map((text, i) => ({ text, differs: marks[index][i] }));
  return [pieces(0), pieces(1)];
}
