/**
 * Describes what is trained: named parameters, and a graph that computes a loss, its gradients and metrics from them and a
 * batch. This is all that a trainer knows about a model.
 */
import type { Feeds, Graph, Value } from "../onnx/mod.ts";
import type { TensorSpec } from "./parameters.ts";

/** Graph values by tensor name. */
export type NamedValues = Record<string, Value>;

/** The graph of an objective. */
export interface BuiltObjective {
  /** what is minimised, `[]` */
  loss: Value;
  /** the gradient of each parameter, by its name, up to `gradientFactor` */
  gradients: NamedValues;
  /**
   * Factor of all gradients, `[]`: the gradient is `gradientFactor · gradients[name]`. The optimiser multiplies it into
   * its own scalars, which saves a pass over the tensors. Default 1.
   */
  gradientFactor?: Value;
  /** numbers to log at each step, `[]` each */
  metrics?: NamedValues;
  /** the next values of the carried tensors, by name */
  carried?: NamedValues;
}

/** An objective over batches of any kind. */
export interface Objective<Batch> {
  /** the tensors that are trained */
  readonly parameters: readonly TensorSpec[];
  /**
   * Tensors that every step reads and replaces without a gradient, such as the steps since each feature last fired. They
   * begin with zeros and are saved with the run.
   */
  readonly carried?: readonly TensorSpec[];
  /**
   * Builds the graph; declares the inputs that `feeds` gives.
   * @param parameters the parameters, by name
   * @param carried the carried tensors, by name
   */
  build(g: Graph, parameters: NamedValues, carried: NamedValues): BuiltObjective;
  /**
   * Returns the inputs of a batch.
   * @param t number of the step, counted from 1, for weights of the loss that change over training
   */
  feeds(batch: Batch, t: number): Feeds;
}
