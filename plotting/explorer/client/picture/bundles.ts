/**
 * Bundles edges by layer: edges from one layer to another bend towards a common middle, the mean of their own middles.
 * An edge's ends stay in place.
 */
import type { CircuitEdge } from "../../../../utils/results/mod.ts";
import { placeOfNode } from "../names.ts";

/** How far an edge bends towards the middle of its bundle. */
const PULL = 0.85;

/** Returns, for an edge, the middle of its bundle; undefined for edges that stay as they are. */
export type Bundles = (edge: CircuitEdge) => number | undefined;

const key = ({ source, target }: CircuitEdge) =>
  `${placeOfNode(source).layer}>${placeOfNode(target).layer}`;

/** Returns the bundles of the edges drawn. Edges inside the lane of MLPs, and those of input and logits, stay apart. */
export function bundlesOf(
  edges: readonly CircuitEdge[],
  layout: { places: ReadonlyMap<string, { x: number }> },
): Bundles {
  const bundled = ({ source, target }: CircuitEdge) =>
    source !== "input" && target !== "logits" &&
    !(source.startsWith("m") && target.startsWith("m"));
  const sums = new Map<string, { sum: number; count: number }>();
  for (const edge of edges) {
    if (!bundled(edge)) continue;
    const found = sums.get(key(edge)) ?? { sum: 0, count: 0 };
    found.sum += (layout.places.get(edge.source)!.x + layout.places.get(edge.target)!.x) / 2;
    found.count++;
    sums.set(key(edge), found);
  }
  return (edge) => {
    const found = bundled(edge) ? sums.get(key(edge)) : undefined;
    return found && found.count > 1 ? found.sum / found.count : undefined;
  };
}

/**
 * Returns the places of an edge's two control points, pulled towards the middle of its bundle. They stay between its ends, so
 * that no edge turns back.
 */
export function pulled([x1, x2]: [number, number], middle: number | undefined): [number, number] {
  if (middle === undefined) return [x1, x2];
  const within = Math.min(Math.max(x1, x2), Math.max(Math.min(x1, x2), middle));
  return [x1 + PULL * (within - x1), x2 + PULL * (within - x2)];
}
