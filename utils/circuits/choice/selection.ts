/**
 * Chooses the edges of a circuit by their scores.
 *
 * Greedy (the paper's): start with the edges into `logits` as candidates and take the best-scored one n times. When an
 * edge brings in a new source, the edges into that source become candidates too. Among equal scores the edge that became
 * a candidate first wins, and among edges that became candidates together the first in EAP-IG's edge order. This equals
 * the lazy stable merge of sorted lists in EAP-IG (`heapq.merge`). The selection for n is a prefix of the one for n + 1,
 * so `greedyOrder` serves all sizes of a search at once.
 *
 * Top-n takes the n best edges of the whole graph, equal scores in cell order. Threshold takes all edges that reach a
 * score. Nothing here prunes: pass the mask to `pruneCircuit`. A size beyond what can be chosen is clamped (EAP-IG fails).
 */
import {
  cellName,
  checkMatrix,
  type CircuitShape,
  columnsOf,
  edgeCount,
  nBackward,
  nForward,
  prevIndex,
  realEdgeMask,
  type Scores,
} from "../graph/mod.ts";
import { PriorityQueue } from "./priority_queue.ts";

/** How edges, nodes and neurons are ranked. */
export interface SelectionOptions {
  /** rank by the absolute score (default), or by the score with its sign */
  absolute?: boolean;
}

/**
 * Returns cells in the order in which the greedy selection takes them, at most `limit` (default: all reachable ones).
 * @throws Error naming the edge if a score is not finite, or if the matrix has another size.
 */
export function greedyOrder(
  shape: CircuitShape,
  scores: Scores,
  { absolute = true, limit = Infinity }: SelectionOptions & { limit?: number } = {},
): Int32Array {
  checkMatrix(shape, scores, "the scores");
  const rows = nForward(shape), columns = nBackward(shape);
  const reached = new Uint8Array(rows);
  const candidates = new PriorityQueue(edgeCount(shape));
  const order: number[] = [];

  const addEdgesInto = (node: number) => {
    const into = columnsOf(shape, node);
    const sources = into.length > 0 ? prevIndex(shape, into[0]) : 0;
    for (let u = 0; u < sources; u++) {
      for (const v of into) {
        const cell = u * columns + v;
        const score = scores[cell];
        if (!Number.isFinite(score)) throw notFinite(shape, scores, cell);
        candidates.push(cell, absolute ? Math.abs(score) : score);
      }
    }
  };

  addEdgesInto(rows);
  while (order.length < limit && candidates.size > 0) {
    const cell = candidates.pop();
    order.push(cell);
    const source = Math.floor(cell / columns);
    if (!reached[source]) {
      reached[source] = 1;
      addEdgesInto(source);
    }
  }
  return Int32Array.from(order);
}

/** Returns all edges as cells, best first, equal scores in cell order. Same errors as `greedyOrder`. */
export function topnOrder(
  shape: CircuitShape,
  scores: Scores,
  { absolute = true }: SelectionOptions = {},
): Int32Array {
  checkMatrix(shape, scores, "the scores");
  const real = realEdgeMask(shape);
  const heap = new PriorityQueue(edgeCount(shape));
  for (let cell = 0; cell < real.length; cell++) {
    if (!real[cell]) continue;
    if (!Number.isFinite(scores[cell])) throw notFinite(shape, scores, cell);
    heap.push(cell, absolute ? Math.abs(scores[cell]) : scores[cell]);
  }
  const order = new Int32Array(heap.size);
  for (let i = 0; i < order.length; i++) order[i] = heap.pop();
  return order;
}

/** Returns the mask `[nForward, nBackward]` of the first n cells of an order; n is clamped to its length. */
export function maskOf(shape: CircuitShape, order: ArrayLike<number>, n: number): Uint8Array {
  const mask = new Uint8Array(nForward(shape) * nBackward(shape));
  for (let i = Math.min(n, order.length) - 1; i >= 0; i--) mask[order[i]] = 1;
  return mask;
}

/** Returns the greedy circuit of n edges before pruning, a mask `[nForward, nBackward]`. Same errors as `greedyOrder`. */
export function greedySelection(
  shape: CircuitShape,
  scores: Scores,
  n: number,
  options: SelectionOptions = {},
): Uint8Array {
  return maskOf(shape, greedyOrder(shape, scores, { ...options, limit: n }), n);
}

/** Returns the n best edges before pruning, a mask `[nForward, nBackward]`. Same errors as `greedyOrder`. */
export function topnSelection(
  shape: CircuitShape,
  scores: Scores,
  n: number,
  options: SelectionOptions = {},
): Uint8Array {
  return maskOf(shape, topnOrder(shape, scores, options), n);
}

/** Returns all edges with an (absolute) score of at least `threshold`, before pruning. Same errors as `greedyOrder`. */
export function thresholdSelection(
  shape: CircuitShape,
  scores: Scores,
  threshold: number,
  { absolute = true }: SelectionOptions = {},
): Uint8Array {
  checkMatrix(shape, scores, "the scores");
  return realEdgeMask(shape).map((real, cell) => {
    if (real && !Number.isFinite(scores[cell])) throw notFinite(shape, scores, cell);
    return Number(real && (absolute ? Math.abs(scores[cell]) : scores[cell]) >= threshold);
  });
}

function notFinite(shape: CircuitShape, scores: Scores, cell: number): Error {
  return new Error(
    `expected a finite score for every edge, found ${scores[cell]} at ${cellName(shape, cell)}; ` +
      `check the attribution and the weights of this checkpoint`,
  );
}
