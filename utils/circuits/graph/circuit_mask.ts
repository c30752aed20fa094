/**
 * A circuit as a mask `[nForward, nBackward]`, 1 where an edge is in the circuit. Nodes are not stored: a node is in the
 * circuit exactly if one of its edges is.
 */
import { nodeName } from "../../names/mod.ts";
import {
  checkMatrix,
  type CircuitShape,
  columnsOf,
  nBackward,
  nForward,
  prevIndex,
  sourceNode,
} from "./graph.ts";

/** Returns the number of edges in a mask. */
export function countEdges(mask: Uint8Array): number {
  let edges = 0;
  for (let i = 0; i < mask.length; i++) edges += mask[i];
  return edges;
}

/** Returns whether row `u` has an edge out of it. */
export function hasOutgoing(shape: CircuitShape, mask: Uint8Array, u: number): boolean {
  const columns = nBackward(shape);
  return mask.subarray(u * columns, (u + 1) * columns).includes(1);
}

/** Returns whether the node of row `u` has an edge into it; `u = nForward` is `logits`. */
export function hasIncoming(shape: CircuitShape, mask: Uint8Array, u: number): boolean {
  const columns = nBackward(shape);
  return columnsOf(shape, u).some((v) => {
    for (let from = prevIndex(shape, v) - 1; from >= 0; from--) {
      if (mask[from * columns + v]) return true;
    }
    return false;
  });
}

/**
 * Returns a flag for every source, and at the end for `logits`: 1 if an edge of the node is in the circuit,
 * `[nForward + 1]`.
 * @throws Error if the mask has another size.
 */
export function nodeMask(shape: CircuitShape, mask: Uint8Array): Uint8Array {
  checkMatrix(shape, mask, "the mask");
  return Uint8Array.from(
    { length: nForward(shape) + 1 },
    (_, u) => Number(hasOutgoing(shape, mask, u) || hasIncoming(shape, mask, u)),
  );
}

/** Returns the names of the nodes in a circuit, in row order, `logits` last. Same errors as `nodeMask`. */
export function nodesInCircuit(shape: CircuitShape, mask: Uint8Array): string[] {
  const names: string[] = [];
  nodeMask(shape, mask).forEach((inside, u) => {
    if (inside) names.push(nodeName(sourceNode(shape, u)));
  });
  return names;
}
