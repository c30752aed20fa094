/**
 * Terms that keep activations few or connections sparse. Means are over the rows of a batch; n_f = ‖W_dec[f]‖₂.
 *
 *   l1                  mean Σ_f a_f, or mean Σ_f a_f n_f
 *   l0, step            mean Σ_f [pre_f > θ_f]
 *   l0, tanh            mean Σ_f tanh(c a_f n_f)
 *   pre_act             mean Σ_dead max(θ_f − pre_f, 0) n_f    brings a dead feature back to its threshold
 *   sparse_connection   mean over directions s of Σ_f |s·W_dec[f]|
 *
 * Sources: transcoder_circuits (l1, sparse_connection), SAELens (the others).
 */
import {
  abs,
  exp,
  gemm,
  mul,
  relu,
  sub,
  sum,
  tanh,
  tensor,
  type Value,
  where,
} from "../../../onnx/mod.ts";
import { stepOver } from "../activations/mod.ts";
import { rowNorms } from "../encode.ts";
import type { StepSoFar, Term } from "./term.ts";

/** Factor of a term over training. */
export interface Coefficient {
  /** its value after the warm-up */
  coefficient: number;
  /** steps over which it rises linearly from 0 */
  warmUp?: number;
}

const perRow = (total: Value, { shape }: StepSoFar) => mul(total, 1 / shape.rows);

/**
 * Penalises the sum of activations.
 * @param byDecoderNorm weighs each by the norm of its decoder row, as SAELens does
 */
export function l1(coefficient: Coefficient, byDecoderNorm = false): Term {
  return {
    name: "l1",
    ...coefficient,
    ...byDecoderNorm ? {} : { kernels: { kind: "l1" } },
    value(step) {
      const { places, values } = step.activations;
      const weighed = byDecoderNorm ? mul(values, places.at(rowNorms(step.p.W_dec))) : values;
      return perRow(places.total(weighed), step);
    },
  };
}

/**
 * Penalises the number of active features of a JumpReLU coder.
 * @param tanhScale c of the smooth form; without it the step with a rectangle as its derivative
 */
export function l0(coefficient: Coefficient, tanhScale?: number): Term {
  return {
    name: "l0_loss",
    ...coefficient,
    value(step) {
      const { places, values, jump } = step.activations;
      if (!jump) throw new Error('the term "l0" needs the activation "jumprelu"');
      const counted = tanhScale === undefined
        ? stepOver(places.pre, jump.threshold, jump.bandwidth)
        : tanh(mul(mul(values, places.at(rowNorms(step.p.W_dec))), tanhScale));
      return perRow(places.total(counted), step);
    },
  };
}

/** Penalises how far below its threshold a dead feature stays. Dense in every form. */
export function preAct(coefficient: number): Term {
  return {
    name: "pre_act",
    coefficient,
    value(step) {
      const { p, encoded, dead } = step;
      if (!p.log_threshold) throw new Error('the term "pre_act" needs the activation "jumprelu"');
      const below = mul(relu(sub(exp(p.log_threshold), encoded.pre)), rowNorms(p.W_dec));
      return perRow(sum(where(dead.mask, below, 0), [0, 1]), step);
    },
  };
}

/**
 * Penalises the connections of decoder rows with given directions, such as the decoder or the encoder rows of another coder.
 * @param directions `[n, d_out]`, row-major
 * @throws Error when the directions are not whole rows.
 */
export function sparseConnection(
  coefficient: number,
  directions: Float32Array<ArrayBuffer>,
  width: number,
): Term {
  const n = directions.length / width;
  if (!Number.isInteger(n) || n === 0) {
    throw new Error(
      `sparse_connection: expected directions of ${width} elements each, found ${directions.length} elements`,
    );
  }
  const name = "directions of sparse_connection";
  return {
    name: "sparse_connection",
    coefficient,
    feeds: { [name]: tensor(directions, [n, width]) },
    value: ({ g, p }) =>
      mul(sum(abs(gemm(g.input(name, [n, width]), p.W_dec, false, true)), [0, 1]), 1 / n),
  };
}
