/**
 * How circuits differ between checkpoints: the measures of the training-and-scale paper (Tigges et al., 2024).
 * E is the set of a circuit's edges, s(e) the score of edge e.
 *
 *     additions, deletions     |E₂ ∖ E₁|, |E₁ ∖ E₂|
 *     weighted …               signed sums of s₂ over the additions, of s₁ over the deletions
 *     score changes            Σ of the positive s₂ − s₁, −Σ of the negative ones, over the edges in both
 *     Jaccard                  |A ∩ B| / |A ∪ B| of edges, or of nodes; 0 if both are empty
 *     weighted Jaccard         Σ min(w₁, w₂) / Σ max(w₁, w₂) over E₁ ∪ E₂, w(e) = |s(e)| / Σ_E |s|, 0 where e ∉ E
 *     EWMA                     ewma_i = α c_i + (1 − α) ewma_{i−1} of the change c = 1 − weighted Jaccard, from 0
 *
 * Plain Jaccard overstates change, because edges near the cut swap places; the weighted one discounts them.
 */
import { ewmaFromZero } from "../../base/mod.ts";
import { edgeName, parseEdgeName } from "../../names/mod.ts";
import type { CircuitChange, CircuitEdge } from "../../results/mod.ts";

/** Scores by edge name: a circuit, or the whole graph for `scoreChanges`. */
export type ScoredEdges = ReadonlyMap<string, number>;

/** A circuit at a training step. */
export interface CircuitAtStep {
  /** training step of the checkpoint */
  step: number;
  /** edges of the circuit, in any order */
  circuit: readonly CircuitEdge[];
}

/** The two kinds of change from one circuit to another, and their sum. */
export interface EdgeChanges {
  /** edges in the second circuit only */
  additions: number;
  /** edges in the first circuit only */
  deletions: number;
  /** additions + deletions */
  total: number;
}

/** How the scores of the edges in both circuits change. */
export interface ScoreChanges {
  /** sum of the positive changes */
  increases: number;
  /** sum of the negative changes, as a positive number */
  decreases: number;
  /** increases + decreases */
  absolute: number;
}

/** The smoothing factor α of the paper. */
const ALPHA = 0.5;

/** Returns the scores of a circuit by EAP-IG's edge names, `a0.h1->a3.h2<q>`. */
export function scoredEdges(circuit: readonly CircuitEdge[]): Map<string, number> {
  return new Map(circuit.map((edge) => [edgeName(edge), edge.score]));
}

/** Counts the edges that come and go from `before` to `after`. */
export function edgeChanges(before: ScoredEdges, after: ScoredEdges): EdgeChanges {
  const additions = without(after, before).length, deletions = without(before, after).length;
  return { additions, deletions, total: additions + deletions };
}

/** Adds up the signed scores of the edges that come (as in `after`) and of those that go (as in `before`). */
export function weightedEdgeChanges(before: ScoredEdges, after: ScoredEdges): EdgeChanges {
  const sum = (edges: [string, number][]) => edges.reduce((total, [, score]) => total + score, 0);
  const additions = sum(without(after, before)), deletions = sum(without(before, after));
  return { additions, deletions, total: additions + deletions };
}

/** Adds up the rises and the falls of the scores of the edges in both. */
export function scoreChanges(before: ScoredEdges, after: ScoredEdges): ScoreChanges {
  let increases = 0, decreases = 0;
  for (const [edge, score] of after) {
    const change = score - (before.get(edge) ?? score);
    if (change > 0) increases += change;
    else decreases -= change;
  }
  return { increases, decreases, absolute: increases + decreases };
}

/** Returns |A ∩ B| / |A ∪ B|; 0 if both are empty. */
export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const item of a) if (b.has(item)) common++;
  const union = a.size + b.size - common;
  return union === 0 ? 0 : common / union;
}

/** Returns the Jaccard similarity of two masks of 0 and 1 of the same length; 1 if both are empty. */
export function maskJaccard(a: Uint8Array, b: Uint8Array): number {
  let common = 0, union = 0;
  for (let i = 0; i < a.length; i++) {
    common += a[i] & b[i];
    union += a[i] | b[i];
  }
  return union === 0 ? 1 : common / union;
}

/** Returns the Jaccard similarity of two circuits' edges. */
export function edgeJaccard(a: ScoredEdges, b: ScoredEdges): number {
  return jaccard(new Set(a.keys()), new Set(b.keys()));
}

/** Returns the Jaccard similarity of two circuits' nodes: the sources and targets of their edges. */
export function nodeJaccard(a: ScoredEdges, b: ScoredEdges): number {
  return jaccard(nodesOf(a), nodesOf(b));
}

/** Returns Σ min / Σ max of the edges' shares of their circuit's absolute score; 0 if neither has any score. */
export function weightedJaccard(a: ScoredEdges, b: ScoredEdges): number {
  const wa = shares(a), wb = shares(b);
  let least = 0, most = 0;
  for (const edge of new Set([...a.keys(), ...b.keys()])) {
    const x = wa.get(edge) ?? 0, y = wb.get(edge) ?? 0;
    least += Math.min(x, y);
    most += Math.max(x, y);
  }
  return most === 0 ? 0 : least / most;
}

/** Returns the entry of a result file for the change from one circuit to another, without the moving average. */
export function circuitChange(from: CircuitAtStep, to: CircuitAtStep): CircuitChange {
  const before = scoredEdges(from.circuit), after = scoredEdges(to.circuit);
  const { additions, deletions } = edgeChanges(before, after);
  return {
    from: from.step,
    to: to.step,
    additions,
    deletions,
    edgeJaccard: edgeJaccard(before, after),
    nodeJaccard: nodeJaccard(before, after),
    weightedJaccard: weightedJaccard(before, after),
  };
}

/** Returns the change from each checkpoint to the next, by step, with the moving average of 1 − weighted Jaccard. */
export function changesToPrevious(checkpoints: readonly CircuitAtStep[]): CircuitChange[] {
  const ordered = inOrder(checkpoints);
  const changes = ordered.slice(1).map((checkpoint, i) => circuitChange(ordered[i], checkpoint));
  const averages = ewmaFromZero(changes.map((change) => 1 - change.weightedJaccard), ALPHA);
  return changes.map((change, i) => ({ ...change, ewma: averages[i] }));
}

/**
 * Returns the change from every checkpoint, the reference included, to a reference checkpoint; by default the last one.
 * @throws Error if no checkpoint has that step.
 */
export function changesToReference(
  checkpoints: readonly CircuitAtStep[],
  step?: number,
): CircuitChange[] {
  const ordered = inOrder(checkpoints);
  const reference = step === undefined ? ordered.at(-1) : ordered.find((c) => c.step === step);
  if (!reference) {
    if (step === undefined) return [];
    const steps = ordered.map((c) => c.step).join(", ");
    throw new Error(`expected a circuit at step ${step} to compare with, found steps ${steps}`);
  }
  return ordered.map((checkpoint) => circuitChange(checkpoint, reference));
}

function inOrder(checkpoints: readonly CircuitAtStep[]): CircuitAtStep[] {
  return checkpoints.toSorted((a, b) => a.step - b.step);
}

function without(edges: ScoredEdges, others: ScoredEdges): [string, number][] {
  return [...edges].filter(([edge]) => !others.has(edge));
}

function nodesOf(edges: ScoredEdges): Set<string> {
  return new Set([...edges.keys()].flatMap((edge) => {
    const { source, target } = parseEdgeName(edge);
    return [source, target];
  }));
}

function shares(edges: ScoredEdges): Map<string, number> {
  let total = 0;
  for (const score of edges.values()) total += Math.abs(score);
  return new Map([...edges].map(([edge, s]) => [edge, total === 0 ? 0 : Math.abs(s) / total]));
}
