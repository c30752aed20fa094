/**
 * The dense ends of a coder:
 *
 *   pre = (x − bias) · W_encᵀ + b_enc,   ŷ = Σ_f a_f · W_dec[f] + b_dec (+ x · W_skipᵀ)
 */
import { add, gemm, mul, sqrt, sub, sum, type Value } from "../../onnx/mod.ts";
import type { NamedValues } from "../../training/mod.ts";
import type { CoderShape } from "./shape.ts";

/** The encoder's product and its factors. */
export interface Encoded {
  /** what the encoder multiplies, `[rows, d_in]`: the input less its bias */
  input: Value;
  /** `[F, d_in]` */
  W_enc: Value;
  /** `[F]` */
  b_enc: Value;
  /** pre-activations, `[rows, F]` */
  pre: Value;
}

/** Encodes `x` `[rows, d_in]`. */
export function encode(x: Value, p: NamedValues, { inputBias }: CoderShape): Encoded {
  const bias = inputBias && (inputBias === "own" ? p.b_in : p.b_dec);
  const input = bias ? sub(x, bias) : x;
  const { W_enc, b_enc } = p;
  return { input, W_enc, b_enc, pre: gemm(input, W_enc, false, true, b_enc) };
}

/** Returns the output from the decoded activations `[rows, d_out]` and the input `x` `[rows, d_in]`. */
export function withBiases(decoded: Value, x: Value, p: NamedValues): Value {
  const output = add(decoded, p.b_dec);
  return p.W_skip ? add(output, gemm(x, p.W_skip, false, true)) : output;
}

/** Returns the norms of the rows of `w` `[F, d]`: `[F]`. */
export function rowNorms(w: Value): Value {
  return sqrt(sum(mul(w, w), [-1]));
}
