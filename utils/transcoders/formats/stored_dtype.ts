/**
 * The number format that a coder's files keep its weights in.
 *
 *   float32   as they are
 *   float16   matrices rounded to float16 (round to nearest even, relative error at most 2^-11 of normal numbers); biases and
 *             thresholds stay float32: they are few, and thresholds decide which features fire
 *
 * A writer takes the rounded coder, so that whatever it derives from a matrix agrees with what a reader gets.
 */
import { type F32, tensor } from "../../onnx/mod.ts";
import type { TensorToWrite } from "../../tensor_files/mod.ts";
import { checkCoder, type Coder, coderName, type CoderWeights } from "../coder.ts";

/** Number formats of stored weights. */
export const CODER_DTYPES = ["float32", "float16"] as const;
/** Number format of stored weights. */
export type CoderDtype = typeof CODER_DTYPES[number];

/** Largest number in float16. */
const LARGEST = 65504;

const isHalf = ({ shape }: F32, dtype: CoderDtype) => dtype === "float16" && shape.length > 1;

/**
 * Returns the coder that a file of this number format holds; for float32 the coder itself.
 * @throws Error if settings and weights disagree, or naming coder, weight, place and value of a number that is too large.
 */
export function storedCoder(coder: Coder, dtype: CoderDtype = "float32"): Coder {
  checkCoder(coder);
  if (dtype === "float32") return coder;
  const weights = Object.entries(coder.weights).map(([name, value]: [string, F32 | undefined]) => {
    if (value === undefined || !isHalf(value, dtype)) return [name, value];
    const at = value.data.findIndex((w) => !(Math.abs(w) <= LARGEST));
    if (at >= 0) {
      throw new Error(
        `${coderName(coder.config)} cannot be written in float16: ${name}[${at}] is ${
          value.data[at]
        }; expected at most ${LARGEST}. Write float32`,
      );
    }
    return [name, tensor(Float32Array.from(new Float16Array(value.data)), [...value.shape])];
  });
  return { config: coder.config, weights: Object.fromEntries(weights) as CoderWeights };
}

/** Returns a tensor as the safetensors writer takes it. */
export const stored = (value: F32, dtype: CoderDtype = "float32"): TensorToWrite => ({
  dtype: isHalf(value, dtype) ? "F16" : "F32",
  shape: [...value.shape],
  data: value.data,
});
