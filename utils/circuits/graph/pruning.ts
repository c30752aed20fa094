/**
 * Removes from a circuit what cannot matter: nodes without a way in or a way out, and their edges.
 *
 * A node needs an outgoing edge and, unless it is `input`, an incoming one. Two sweeps over the nodes settle this:
 *   1. backwards: the incoming edges of a node without outgoing ones go;
 *   2. forwards: the outgoing edges of a node without incoming ones go.
 *
 * This is the single pass of the paper's runs (EAP-IG, branch `circuits-over-time`), and it is also the fixed point to
 * which EAP-IG v2 iterates: the second sweep takes outgoing edges only from nodes that have no incoming ones, so it leaves
 * no node with a way in but none out, and nothing is left for a third. Since the graph has no cycles, what remains is
 * exactly the edges on paths from `input` to `logits`.
 *
 * Nodes are not stored: a node is in the circuit exactly if an edge of it is, see `nodeMask`.
 */
import {
  type CircuitShape,
  columnsOf,
  nBackward,
  nForward,
  nodeName,
  prevIndex,
  sourceNode,
} from "./graph.ts";

/**
 * The pruned circuit, a new mask.
 *
 * @param mask `[nForward, nBackward]`, 1 where an edge is in the circuit; only real edges
 * @throws Error if the mask has another size.
 */
export function pruneCircuit(shape: CircuitShape, mask: Uint8Array): Uint8Array {
  checkLength(shape, mask, "the mask");
  const rows = nForward(shape), columns = nBackward(shape);
  const pruned = mask.slice();
  for (let u = rows - 1; u > 0; u--) {
    const outgoing = pruned.subarray(u * columns, (u + 1) * columns);
    if (outgoing.includes(1)) continue;
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

function hasIncoming(shape: CircuitShape, mask: Uint8Array, node: number): boolean {
  const columns = nBackward(shape);
  return columnsOf(shape, node).some((v) => {
    for (let u = prevIndex(shape, v) - 1; u >= 0; u--) if (mask[u * columns + v]) return true;
    return false;
  });
}

/** `[nForward + 1]`: 1 for every source, and at the end `logits`, that has an edge in the circuit. */
export function nodeMask(shape: CircuitShape, mask: Uint8Array): Uint8Array {
  const rows = nForward(shape), columns = nBackward(shape);
  checkLength(shape, mask, "the mask");
  const nodes = new Uint8Array(rows + 1);
  for (let u = 0; u <= rows; u++) {
    const hasOutgoing = mask.subarray(u * columns, (u + 1) * columns).includes(1);
    nodes[u] = Number(hasOutgoing || hasIncoming(shape, mask, u));
  }
  return nodes;
}

/** Names of the nodes that have an edge in the circuit, in row order, `logits` last. */
export function nodesInCircuit(shape: CircuitShape, mask: Uint8Array): string[] {
  const names: string[] = [];
  nodeMask(shape, mask).forEach((inside, u) => {
    if (inside) names.push(nodeName(sourceNode(shape, u)));
  });
  return names;
}

/** Number of edges in a mask. */
export function countEdges(mask: Uint8Array): number {
  let edges = 0;
  for (let i = 0; i < mask.length; i++) edges += mask[i];
  return edges;
}

/** @throws Error if a score or mask matrix is not `[nForward, nBackward]`. */
export function checkLength(shape: CircuitShape, matrix: { length: number }, what: string): void {
  const rows = nForward(shape), columns = nBackward(shape);
  if (matrix.length !== rows * columns) {
    throw new Error(
      `expected ${what} to be [${rows}, ${columns}], ${rows * columns} values, for ` +
        `${shape.nLayers} layers of ${shape.nHeads} heads; found ${matrix.length}`,
    );
  }
}
