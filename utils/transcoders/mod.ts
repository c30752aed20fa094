/**
 * Transcoders and sparse autoencoders: the coder, its arithmetic, its file formats, and models that run with coders in
 * place of their parts.
 * @module
 */
export {
  type Activation,
  checkCoder,
  type Coder,
  type CoderConfig,
  type CoderKind,
  coderName,
  coderShapes,
  type CoderWeight,
  type CoderWeights,
  type InputConvention,
} from "./coder.ts";
