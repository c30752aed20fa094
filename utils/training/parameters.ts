/**
 * All weights of a model as one vector of parameters, so that the optimiser is a handful of operators over one vector.
 *
 * The vector holds the tensors of a GPT-NeoX checkpoint one after the other, in the order of use and in the stored
 * layout. Tensors are views of it: nothing is copied to write a checkpoint or to feed a session.
 */
import type { ModelConfig } from "../model/config.ts";
import { unitNames, unitTensors, type WeightSource } from "../model/weights/weight_source.ts";
import { tensor } from "../onnx/mod.ts";

/** One tensor inside the vector. */
export interface Parameter {
  /** unit and feed name of `weight_source.ts`, e.g. "0" and "qkv_w" */
  unit: string;
  feed: string;
  /** tensor name in a checkpoint */
  name: string;
  shape: number[];
  offset: number;
  size: number;
}

/** The tensors of a model in their order, and the length of the vector. */
export interface ParameterLayout {
  parameters: Parameter[];
  size: number;
}

/**
 * The layout of a model's parameters.
 * @throws Error for a tied model, whose embedding would stand in the vector twice.
 */
export function parameterLayout(config: ModelConfig): ParameterLayout {
  if (config.tied) throw new Error("training: tied embeddings are not supported");
  let size = 0;
  const parameters = unitNames(config).flatMap((unit) =>
    Object.entries(unitTensors(config, unit)).map(([feed, [name, shape]]) => {
      const count = shape.reduce((a, b) => a * b, 1);
      const parameter = { unit, feed, name, shape, offset: size, size: count };
      size += count;
      return parameter;
    })
  );
  return { parameters, size };
}

/** The part of a vector that holds a parameter, as a view. */
export function viewOf(
  vector: Float32Array<ArrayBuffer>,
  { offset, size }: Parameter,
): Float32Array<ArrayBuffer> {
  return vector.subarray(offset, offset + size);
}

/** The vector as the weights of a model; later changes of the vector are changes of the model. */
export function vectorSource(
  config: ModelConfig,
  layout: ParameterLayout,
  vector: Float32Array<ArrayBuffer>,
): WeightSource {
  return {
    config,
    units: unitNames(config),
    load: (unit) =>
      Promise.resolve(Object.fromEntries(
        layout.parameters.filter((p) => p.unit === unit)
          .map((p) => [p.feed, tensor(viewOf(vector, p), p.shape)]),
      )),
    close() {},
  };
}

/**
 * Which elements weight decay acts on: those of matrices, except the token embedding, whose rows decay would shrink
 * whether their tokens occur or not. Biases and LayerNorms are free.
 * @returns 1 or 0 per element of the vector
 */
export function decayMask(layout: ParameterLayout): Float32Array<ArrayBuffer> {
  const mask = new Float32Array(layout.size);
  for (const parameter of layout.parameters) {
    if (parameter.shape.length === 2 && parameter.unit !== "embed") viewOf(mask, parameter).fill(1);
  }
  return mask;
}

/**
 * Parameters that take part in a matrix product for every token: all but the token embedding, which is looked up.
 * A training step costs about 6 floating-point operations per such parameter and token (Kaplan et al. 2020, §2.1).
 */
export function multipliedParameters(layout: ParameterLayout): number {
  return layout.parameters.filter((p) => p.unit !== "embed").reduce((sum, p) => sum + p.size, 0);
}
