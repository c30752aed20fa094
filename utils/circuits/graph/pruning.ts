/**
 * Removes from a circuit what cannot matter: nodes without a way in or a way out, and their edges.
 *
 * A node needs an outgoing edge and, unless it is `input`, an incoming one. Two sweeps over the nodes are enough:
 *   1. backwards: drop the incoming edges of every node without outgoing ones;
 *   2. forwards: drop the outgoing edges of every node without incoming ones.
 *
 * This is the single pass of the paper's runs (EAP-IG, branch `circuits-over-time`). It is also the fixed point that
 * EAP-IG v2 iterates to: the second sweep takes outgoing edges only from nodes that have no incoming ones, so it leaves
 * no node with a way in but no way out, and a third sweep has nothing to do. The graph has no cycles, so what remains is
 * exactly the edges on paths from `input` to `logits`.
 */
import { hasIncoming, hasOutgoing } from "./circuit_mask.ts";
import {
  checkMatrix,
  type CircuitShape,
  columnsOf,
  nBackward,
  nForward,
  prevIndex,
} from "./graph.ts";

/**
 * Returns the pruned circuit as a new mask.
 *
 * @param mask `[nForward, nBackward]`, 1 where an edge is in the circuit; only real edges
 * @throws Error if the mask has another size.
 */
export function pruneCircuit(shape: CircuitShape, mask: Uint8Array): Uint8Array {
  checkMatrix(shape, mask, "the mask");
  const rows = nForward(shape), columns = nBackward(shape);
  const pruned = mask.slice();
  for (let u = rows - 1; u > 0; u--) {
    if (hasOutgoing(shape, pruned, u)) continue;
    for (const v of columnsOf(shape, u)) {
      for (let parent = prevIndex(shape, v) - 1; parent >= 0; parent--) {
        pruned[parent * columns + v] = 0;
      }
    }
  }
  for (let u = 1; u < rows; u++) {
    if (!hasIncoming(shape, pruned, u)) pruned.fill(0, u * columns, (u + 1) * columns);
  }
  return pruned;
}
