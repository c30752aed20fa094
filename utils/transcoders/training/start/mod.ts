/**
 * Start values of a coder: biases from data, matrices drawn or taken from the model's own MLP.
 * @module
 */
export { type BiasStart, biasStart, geometricMedian, type MedianOptions } from "./bias_start.ts";
export { type MatrixStart, type StartSettings, startValues } from "./start_values.ts";
