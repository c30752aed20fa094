/**
 * Ghost gradients (Jermyn & Templeton 2024, in transcoder_circuits' form): dead features learn to predict what the living
 * ones leave. With D the dead features, r = y − ŷ, and sg(·) what no gradient passes:
 *
 *   g = exp(pre_D) · W_dec[D]
 *   g ← g · sg(‖r‖ / (1e-6 + 2‖g‖))                            per row
 *   m = (g − sg(r))² / sg(‖r‖)
 *   ghost = mean( m · sg(mse / (m + 1e-6)) ),                  mse = the reconstruction loss, elementwise
 *
 * The last factor makes the value equal to the reconstruction loss; only its gradient means something. The residual is the
 * *target's*; transcoder_circuits takes x − ŷ, which is right for sparse autoencoders alone. Exponents stop at 20: beyond
 * that the exponential would overflow after the square.
 */
import {
  add,
  detach,
  div,
  exp,
  gemm,
  greater,
  max,
  mean,
  min,
  mul,
  neg,
  sqrt,
  sub,
  sum,
  where,
} from "../../../onnx/mod.ts";
import type { Term } from "./term.ts";

/** Largest exponent. */
const LARGEST = 20;
/** Its exponential is 0. */
const NEVER = -1e30;

/** Norms below this count as this much, so that a residual of 0 is divided by something. */
const SMALLEST = 1e-30;

/** Lets dead features predict the residual; 0 where none is dead. Dense in every form. */
export function ghost(coefficient = 1): Term {
  return {
    name: "ghost",
    coefficient,
    value({ shape, p, encoded, error, weight, dead }) {
      const norm = (x: typeof error) => sqrt(sum(mul(x, x), [1], true));
      const residual = detach(neg(error));
      const activations = exp(where(dead.mask, min(encoded.pre, LARGEST), NEVER));
      const plain = gemm(activations, p.W_dec);
      const scale = detach(div(norm(residual), add(mul(norm(plain), 2), 1e-6)));
      const difference = sub(mul(plain, scale), residual);
      const squares = div(mul(difference, difference), max(norm(residual), SMALLEST));
      const mse = mul(mul(mul(error, error), weight), shape.rows * shape.dOut);
      const factor = detach(div(mse, add(squares, 1e-6)));
      return where(greater(dead.count, 0), mean(mul(squares, factor), [0, 1]), 0);
    },
  };
}
