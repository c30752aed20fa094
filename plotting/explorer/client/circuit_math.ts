/**
 * Computes what the page needs to know about circuits: paths through a node, degrees, overlaps between checkpoints, and
 * the edges that the reader's filters leave.
 */
import type { CheckpointSummary, CircuitEdge } from "../../../utils/results/mod.ts";
import { edgeName } from "../../../utils/names/mod.ts";
import { integer } from "../../page/client/mod.ts";
import { type LineKind, lineKind, shortName } from "./names.ts";

export interface Filter {
  hidden: Set<LineKind>;
  /** how many of the strongest edges to draw; null for all */
  top: number | null;
  /** a node whose own edges are drawn even if they are not among the strongest */
  pinned?: string | null;
}

/**
 * Returns the edges by descending |score|, without hidden letters: the `top` strongest, and those from and to the pinned
 * node.
 */
export function visibleEdges(circuit: CircuitEdge[], filter: Filter): CircuitEdge[] {
  const { hidden, top, pinned = null } = filter;
  const kept = circuit.filter((edge) => !hidden.has(lineKind(edge)))
    .sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
  if (top === null) return kept;
  return kept.filter(({ source, target }, rank) =>
    rank < top || source === pinned || target === pinned
  );
}

/** From more edges than `MANY` in its largest circuit, a page starts with the `FIRST` strongest edges. */
const MANY = 150;
const FIRST = 100;

/** Says how many edges are drawn if not all: ", the 100 strongest and those of 3.1 drawn"; else nothing. */
export function drawnNote({ top, pinned }: Filter, edges: number): string {
  if (top === null || top >= edges) return "";
  const own = pinned ? ` and those of ${shortName(pinned)}` : "";
  return `, the ${top === 1 ? "strongest" : `${integer(top)} strongest`}${own} drawn`;
}

/** Returns how many of the strongest edges a page draws at first; null for all. */
export function firstTop(
  checkpoints: readonly Pick<CheckpointSummary, "circuit">[],
): number | null {
  return checkpoints.some(({ circuit }) => circuit.length > MANY) ? FIRST : null;
}

export interface Paths {
  nodes: Set<string>;
  /** names of the edges on paths through the node */
  edges: Set<string>;
}

/** Returns everything upstream and downstream of a node within `edges`, including the node itself. */
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

/** Counts a node's edges in and out, and sums their scores. */
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

/** Returns, for each node, the share of the circuit's total |score| on edges that touch it. */
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

/** Returns |A ∩ B| / |A ∪ B| for every pair of sets; 0 for two empty sets, as in the original code. */
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

/** Returns the largest |score| in a circuit; 1 for an empty circuit, so that callers can divide by it. */
export function largestScore(checkpoint: Pick<CheckpointSummary, "circuit">): number {
  return checkpoint.circuit.reduce((max, edge) => Math.max(max, Math.abs(edge.score)), 0) || 1;
}

export interface WordPiece {
  text: string;
  differs: boolean;
}

/** Splits two prompts into words and marks those that differ: one by one if the counts match, else the middle part. */
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

/** From more edges than this, weak ones are drawn thin and faint, below the strong ones. */
export const CROWDED = 90;

/** Returns the style of an edge's line. @param share the square root of its |score| as a share of the largest */
export function strokeOf(
  share: number,
  crowded: boolean,
): { strokeWidth: string; strokeOpacity: string } {
  const [thinnest, faintest] = crowded ? [0.6, 0.22] : [1, 0.58];
  return {
    strokeWidth: `${(thinnest + 4.5 * share).toFixed(2)}px`,
    strokeOpacity: (faintest + (0.92 - faintest) * share).toFixed(3),
  };
}
