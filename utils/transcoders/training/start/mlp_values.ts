/**
 * The neurons of an MLP as the first features of a transcoder. With u the input vector of a neuron, β its bias, v its output
 * vector and n = ‖v‖:
 *
 *   W_enc[f] = n u,   b_enc[f] = n β,   W_dec[f] = v / n
 *
 * so that the feature gives what the neuron would give if its activation function were ReLU.
 */
import { UserError } from "../../../base/mod.ts";
import { type HookedModel, refuseTraits, storedOutIn } from "../../../model/mod.ts";
import { layoutOf, viewOf } from "../../../training/mod.ts";
import { transposed } from "../../layout.ts";
import { coderParameters, type CoderShape } from "../shape.ts";

/** Neurons of an MLP. */
export interface Neurons {
  /** input vectors `[neurons, d_in]` */
  reading: Float32Array;
  /** biases `[neurons]` */
  bias: Float32Array;
  /** output vectors `[neurons, d_out]` */
  writing: Float32Array;
}

/** Returns the neurons of a layer, which read what the MLP reads (`mlp.hook_in`). */
export async function neuronsOf(
  { weights, config }: Pick<HookedModel, "weights" | "config">,
  layer: number,
): Promise<Neurons> {
  refuseTraits(config, 'start "mlp"', { gated: true });
  const { in_w, in_b, out_w } = await weights.layer(layer);
  const outIn = storedOutIn(config);
  return {
    reading: (outIn ? in_w : transposed(in_w)).data,
    bias: in_b.data,
    writing: (outIn ? transposed(out_w) : out_w).data,
  };
}

/**
 * Puts neurons in the place of the first features of start values. The decoder's rows must have been given as `rows`.
 * @param vector start values, laid out in the objective's order; changed in place
 * @throws UserError when there are fewer features than neurons.
 */
export function mlpValues(
  vector: Float32Array<ArrayBuffer>,
  shape: CoderShape,
  { reading, bias, writing }: Neurons,
): void {
  const { dIn, dOut, features } = shape;
  const n = bias.length;
  if (n > features) {
    throw new UserError(
      `start "mlp": the MLP has ${n} neurons, and the coder ${features} features; ` +
        'choose at least as many features, or start "tied"',
    );
  }
  const { tensors } = layoutOf(coderParameters(shape));
  const of = (name: string) => {
    const place = tensors.find((tensor) => tensor.name === name);
    return place && viewOf(vector, place);
  };
  const W_enc = of("W_enc")!, b_enc = of("b_enc")!, b_in = of("b_in");
  for (let f = 0; f < n; f++) {
    const norm = Math.hypot(...writing.subarray(f * dOut, (f + 1) * dOut));
    b_enc[f] = norm * bias[f];
    for (let i = 0; i < dIn; i++) {
      const w = norm * reading[f * dIn + i];
      W_enc[f * dIn + i] = w;
      if (b_in) b_enc[f] += w * b_in[i]; // the input bias is subtracted from what the neuron reads
    }
  }
}
