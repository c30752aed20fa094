/**
 * Runs a model in which only the edges of a circuit carry clean values, many circuits in one batch.
 * @module
 */
export { type CircuitBatch, circuitBatches } from "./circuit_batch.ts";
export { CircuitEvaluator, metricOfCopies } from "./evaluation.ts";
export { headsProgram, mlpProgram } from "./evaluation_programs.ts";
