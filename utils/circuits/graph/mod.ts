/**
 * The computational graph of a model and the circuits in it: the arithmetic of rows, columns and cells (`graph.ts`), masks
 * of circuits and their pruning, circuits as lists of edges, and measures of how circuits differ.
 */
export * from "./circuit_edges.ts";
export * from "./circuit_mask.ts";
export * from "./comparison.ts";
export * from "./graph.ts";
export * from "./model_shape.ts";
export * from "./pruning.ts";
export type { CircuitAtStep } from "./comparison.ts";
export type { GraphNode, LayerColumns, LayerRows } from "./graph.ts";
