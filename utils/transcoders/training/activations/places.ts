/**
 * The places `(row, feature)` of a batch where activations are kept, and what a training step does at them. A loss is
 * written once on this interface; dense and sparse steps differ in the places alone.
 */
import { cast, gemm, sum, type Value } from "../../../onnx/mod.ts";
import type { Encoded } from "../encode.ts";

/** Places of a batch. All activations outside them are 0. */
export interface Places {
  /** pre-activations at the places, differentiable by the encoder's parameters */
  readonly pre: Value;
  /** Returns a quantity of features `[F]` at the places, in a shape that broadcasts to that of `pre`. */
  at(perFeature: Value): Value;
  /** Returns `Σ_f values · W_dec[f]` for each row, `[rows, d_out]`; `values` has the shape of `pre`. */
  decode(values: Value, W_dec: Value): Value;
  /** Returns the sum of `values` over all places, `[]`. */
  total(values: Value): Value;
  /** Returns for each feature `[F]` the number of its places where a condition holds; without one, of all its places. */
  count(condition?: Value): Value;
}

/**
 * Returns all places of a batch, in plain operators: the oracle of the sparse forms.
 * @param chosen `[rows, F]`, booleans: the places that count as such; default all
 */
export function densePlaces({ pre }: Encoded, chosen?: Value): Places {
  return {
    pre,
    at: (perFeature) => perFeature,
    decode: (values, W_dec) => gemm(values, W_dec),
    total: (values) => sum(values, [0, 1]),
    count: (condition = chosen) => {
      if (!condition) throw new Error("densePlaces: expected a condition, or chosen places");
      return sum(cast(condition, "float32"), [0]);
    },
  };
}
