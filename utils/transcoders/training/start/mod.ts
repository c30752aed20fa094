/**
 * Start values of a coder: biases from data, matrices drawn or taken from the model's own MLP.
 * @module
 */
export { type BiasStart, biasStart, geometricMedian, type MedianOptions } from "./bias_start.ts";
export { coderValues } from "./coder_values.ts";
export { mlpValues, type Neurons, neuronsOf } from "./mlp_values.ts";
export { type MatrixStart, type StartSettings, startValues } from "./start_values.ts";
