/** A circuit as a list of its edges by name: the form that results, tables and pictures use. */
import { nodeName } from "../../names/mod.ts";
import type { CircuitEdge } from "../../results/mod.ts";
import {
  checkMatrix,
  type CircuitShape,
  destinationNode,
  edgesInOrder,
  nBackward,
  type Scores,
  sourceNode,
} from "./graph.ts";

/**
 * Returns the edges of a mask with their scores, in EAP-IG's edge order.
 * @throws Error if a matrix is not `[nForward, nBackward]`.
 */
export function circuitEdges(
  shape: CircuitShape,
  scores: Scores,
  mask: Uint8Array,
): CircuitEdge[] {
  checkMatrix(shape, scores, "the scores");
  checkMatrix(shape, mask, "the mask");
  const columns = nBackward(shape);
  const edges: CircuitEdge[] = [];
  for (const cell of edgesInOrder(shape)) {
    if (!mask[cell]) continue;
    const { node, letter } = destinationNode(shape, cell % columns);
    edges.push({
      source: nodeName(sourceNode(shape, Math.floor(cell / columns))),
      target: nodeName(node),
      letter: letter ?? null,
      score: scores[cell],
    });
  }
  return edges;
}

/** Returns the smallest and the largest |score| among all edges of the graph; pictures scale their lines by them. */
export function scoreRange(shape: CircuitShape, scores: Scores): { min: number; max: number } {
  checkMatrix(shape, scores, "the scores");
  let min = Infinity, max = 0;
  for (const cell of edgesInOrder(shape)) {
    const size = Math.abs(scores[cell]);
    if (size < min) min = size;
    if (size > max) max = size;
  }
  return { min, max };
}
