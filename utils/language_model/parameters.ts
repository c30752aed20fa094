/**
 * The parameters of a language model: the tensors of its checkpoint in the order of use and in the stored layout, so that a
 * checkpoint is written, and a model is run, from the training's own vector.
 */
import { type ModelConfig, unitNames, unitTensors, type WeightSource } from "../model/mod.ts";
import { tensor } from "../onnx/mod.ts";
import { layoutOf, type PlacedTensor, viewOf } from "../training/mod.ts";

/** One tensor of a model and its place in the vector. */
export interface ModelParameter extends PlacedTensor {
  /** unit of `weight_source.ts`, e.g. "0" */
  readonly unit: string;
  /** feed name inside the unit, e.g. "qkv_w" */
  readonly feed: string;
}

/**
 * Returns the parameters of a model; their names are those of the checkpoint's tensors.
 * @throws Error for a tied model, whose embedding would occur twice.
 */
export function modelParameters(config: ModelConfig): ModelParameter[] {
  if (config.tied) throw new Error("training: tied embeddings are not supported");
  const found = unitNames(config).flatMap((unit) =>
    Object.entries(unitTensors(config, unit)).map(([feed, [name, shape]]) => ({
      unit,
      feed,
      name,
      shape,
    }))
  );
  return layoutOf(found).tensors.map((placed, i) => ({ ...found[i], ...placed }));
}

/** Returns the number of elements of all parameters. */
export function parameterCount(parameters: readonly ModelParameter[]): number {
  return parameters.reduce((sum, { size }) => sum + size, 0);
}

/** Returns the vector as the weights of a model; later changes of the vector are changes of the model. */
export function vectorSource(
  config: ModelConfig,
  vector: Float32Array<ArrayBuffer>,
): WeightSource {
  const parameters = modelParameters(config);
  return {
    config,
    units: unitNames(config),
    load: (unit) =>
      Promise.resolve(Object.fromEntries(
        parameters.filter((p) => p.unit === unit)
          .map((p) => [p.feed, tensor(viewOf(vector, p), [...p.shape])]),
      )),
    close() {},
  };
}

/**
 * Returns whether weight decay acts on a parameter: it does on matrices except the token embedding, where it would shrink
 * rows whose tokens do not occur. Biases and LayerNorms do not decay.
 */
export function isDecayed({ shape, unit }: Pick<ModelParameter, "shape" | "unit">): boolean {
  return shape.length === 2 && unit !== "embed";
}

/**
 * Returns the weight matrices that every token is multiplied with, `[out, in]` by name. The token embedding is looked up.
 */
export function productShapes(
  parameters: readonly ModelParameter[],
): Record<string, readonly number[]> {
  return Object.fromEntries(
    parameters.filter((p) => p.shape.length === 2 && p.unit !== "embed")
      .map((p) => [p.name, p.shape]),
  );
}

/**
 * Returns the number of parameters that take part in a matrix product for every token: all but the token embedding.
 * A training step costs about 6 floating-point operations per such parameter and token (Kaplan et al. 2020, §2.1).
 */
export function multipliedParameters(parameters: readonly ModelParameter[]): number {
  return parameterCount(parameters.filter((p) => p.unit !== "embed"));
}
