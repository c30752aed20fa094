/** A circuit as a list of its edges by name, the form in which results, tables and pictures hold it. */
import type { CircuitEdge } from "../../results/circuit_summary.ts";
import {
  type CircuitShape,
  destinationNode,
  edgesInOrder,
  nBackward,
  nodeName,
  sourceNode,
} from "./graph.ts";
import { checkLength } from "./pruning.ts";
import type { Scores } from "./graph.ts";

/**
 * The edges of a mask with their scores, in EAP-IG's edge order.
 * @throws Error if a matrix is not `[nForward, nBackward]`.
 */
export function circuitEdges(
  shape: CircuitShape,
  scores: Scores,
  mask: Uint8Array,
): CircuitEdge[] {
  checkLength(shape, scores, "the scores");
  checkLength(shape, mask, "the mask");
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

/** EAP-IG's name of an edge, `a0.h1->a3.h2<q>`. */
export function circuitEdgeName({ source, target, letter }: CircuitEdge): string {
  return `${source}->${target}${letter === null ? "" : `<${letter}>`}`;
}

/** The smallest and largest |score| among all edges of the graph, by which a picture scales its lines. */
export function scoreRange(shape: CircuitShape, scores: Scores): { min: number; max: number } {
  checkLength(shape, scores, "the scores");
  let min = Infinity, max = 0;
  for (const cell of edgesInOrder(shape)) {
    const size = Math.abs(scores[cell]);
    if (size < min) min = size;
    if (size > max) max = size;
  }
  return { min, max };
}
