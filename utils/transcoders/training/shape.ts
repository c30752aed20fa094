/**
 * Names and shapes of what a coder trains. Matrices are row-major with features first, so a feature's reading vector and
 * its writing vector are rows.
 *
 *   W_enc [F, d_in]   b_enc [F]   W_dec [F, d_out]   b_dec [d_out]
 *   b_in [d_in]            an input bias of its own (transcoder_circuits' `b_dec` of a transcoder)
 *   W_skip [d_out, d_in]   a linear path beside the features
 *   log_threshold [F]      JumpReLU's threshold is its exponential
 */
import type { TensorSpec } from "../../training/mod.ts";

/** Sizes of a coder and of its batches, and which optional tensors it trains. */
export interface CoderShape {
  /** rows of a batch: token positions */
  rows: number;
  /** width of the input */
  dIn: number;
  /** width of the target */
  dOut: number;
  /** number of features F */
  features: number;
  /** bias subtracted from the input: `own` trains `b_in`, `shared` uses `b_dec` (a sparse autoencoder); default none */
  inputBias?: "own" | "shared";
  /** adds `x·W_skipᵀ` to the output */
  skip?: boolean;
  /** trains `log_threshold` */
  threshold?: boolean;
}

/**
 * Returns the parameters in their order in a run's vector.
 * @throws Error when a shared bias is asked for and the widths of input and target differ.
 */
export function coderParameters(shape: CoderShape): TensorSpec[] {
  const { dIn, dOut, features, inputBias, skip, threshold } = shape;
  if (inputBias === "shared" && dIn !== dOut) {
    throw new Error(
      `a shared bias needs equal widths; the input has ${dIn}, the target ${dOut}: use inputBias "own"`,
    );
  }
  return [
    { name: "W_enc", shape: [features, dIn] },
    { name: "b_enc", shape: [features] },
    { name: "W_dec", shape: [features, dOut] },
    { name: "b_dec", shape: [dOut] },
    ...inputBias === "own" ? [{ name: "b_in", shape: [dIn] }] : [],
    ...skip ? [{ name: "W_skip", shape: [dOut, dIn] }] : [],
    ...threshold ? [{ name: "log_threshold", shape: [features] }] : [],
  ];
}
