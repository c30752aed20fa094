/**
 * Chooses circuits by scores of nodes or of neurons (dimensions of a node's output) instead of edges, as EAP-IG v2 does.
 *
 * 1. Keep the n best-scored nodes (neurons), or those that reach a threshold, and always those without a score (NaN).
 * 2. Keep a node if one of its neurons is kept.
 * 3. Put all real edges out of kept nodes into the circuit and prune it. (EAP-IG also counts cells that are not edges.)
 * 4. Drop the neurons of nodes that pruning removed.
 */
import {
  type CircuitShape,
  countEdges,
  nBackward,
  nForward,
  nodeMask,
  pruneCircuit,
  realEdgeMask,
  type Scores,
} from "../graph/mod.ts";
import { PriorityQueue } from "./priority_queue.ts";
import type { SelectionOptions } from "./selection.ts";

/**
 * Returns flags: 1 for the n best-scored elements and all unscored ones. Equal scores in index order; n is clamped.
 *
 * @param scores of nodes `[nForward]` or neurons `[nForward, dModel]`; NaN = unscored
 */
export function topnElements(
  scores: Scores,
  n: number,
  { absolute = true }: SelectionOptions = {},
): Uint8Array {
  const kept = new Uint8Array(scores.length);
  const queue = new PriorityQueue(scores.length);
  scores.forEach((score, i) => {
    if (Number.isNaN(score)) kept[i] = 1;
    else queue.push(i, absolute ? Math.abs(score) : score);
  });
  for (let taken = 0; taken < n && queue.size > 0; taken++) kept[queue.pop()] = 1;
  return kept;
}

/** Returns flags: 1 for elements with an (absolute) score of at least `threshold` and for all unscored ones. */
export function thresholdElements(
  scores: Scores,
  threshold: number,
  { absolute = true }: SelectionOptions = {},
): Uint8Array {
  return Uint8Array.from(
    scores,
    (score) => Number(Number.isNaN(score) || (absolute ? Math.abs(score) : score) >= threshold),
  );
}

/**
 * Returns the pruned circuit of all edges between kept nodes, `[nForward, nBackward]`.
 *
 * @param nodes `[nForward]`, 1 = kept
 * @throws Error if `nodes` has another length.
 */
export function circuitOfNodes(
  shape: CircuitShape,
  nodes: Uint8Array,
): Uint8Array {
  const rows = nForward(shape), columns = nBackward(shape);
  if (nodes.length !== rows) {
    throw new Error(`expected a flag for each of ${rows} source nodes, found ${nodes.length}`);
  }
  const mask = realEdgeMask(shape);
  nodes.forEach((kept, u) => kept || mask.fill(0, u * columns, (u + 1) * columns));
  return pruneCircuit(shape, mask);
}

/** A circuit of neurons. */
export interface NeuronCircuit {
  /** edges `[nForward, nBackward]` */
  mask: Uint8Array;
  /** neurons `[nForward, dModel]` */
  neurons: Uint8Array;
}

/**
 * Returns the pruned circuit of all edges between nodes with kept neurons.
 *
 * @param neurons `[nForward, dModel]`, 1 = kept
 * @throws Error if `neurons` is not a whole number of neurons per source node.
 */
export function circuitOfNeurons(
  shape: CircuitShape,
  neurons: Uint8Array,
): NeuronCircuit {
  const rows = nForward(shape), dModel = neurons.length / rows;
  if (!Number.isInteger(dModel)) {
    throw new Error(
      `expected neurons [${rows}, d_model], found ${neurons.length}, not divisible by ${rows}`,
    );
  }
  const row = (u: number, of: Uint8Array) => of.subarray(u * dModel, (u + 1) * dModel);
  const nodes = Uint8Array.from({ length: rows }, (_, u) => Number(row(u, neurons).includes(1)));
  const mask = circuitOfNodes(shape, nodes);
  const remaining = neurons.slice();
  nodeMask(shape, mask).subarray(0, rows).forEach((kept, u) => kept || row(u, remaining).fill(0));
  return { mask, neurons: remaining };
}

/** Adds up, over the edges, the share of the source's neurons that are kept: MIB's size of a neuron-level circuit. */
export function weightedEdgeCount(shape: CircuitShape, { mask, neurons }: NeuronCircuit): number {
  const rows = nForward(shape), columns = nBackward(shape), dModel = neurons.length / rows;
  let total = 0;
  for (let u = 0; u < rows; u++) {
    const edges = countEdges(mask.subarray(u * columns, (u + 1) * columns));
    const kept = neurons.subarray(u * dModel, (u + 1) * dModel).reduce((a, b) => a + b, 0);
    total += edges * kept;
  }
  return total / dModel;
}
