/** Makes masks for patches: which batch items, positions and heads take the given value. */
import { type Tensor, tensor } from "../../onnx/mod.ts";

/**
 * Returns the mask `[batch, pos, H, 1]` of some heads of a value `[batch, pos, H, …]`, at all positions or at some.
 * @throws RangeError naming a head or position that the value does not have.
 */
export function headMask(
  value: Tensor,
  heads: readonly number[],
  positions?: readonly number[],
): Tensor<Uint8Array> {
  const [batch, pos, nHeads] = value.shape;
  const bad = heads.find((h) => h < 0 || h >= nHeads) ?? positions?.find((p) => p < 0 || p >= pos);
  if (bad !== undefined || value.shape.length !== 4) {
    throw new RangeError(
      `mask of heads ${heads} at ${positions ?? "all"} positions of [${value.shape}]`,
    );
  }
  const mask = new Uint8Array(batch * pos * nHeads);
  for (let b = 0; b < batch; b++) {
    for (const p of positions ?? Array(pos).keys()) {
      for (const h of heads) mask[(b * pos + p) * nHeads + h] = 1;
    }
  }
  return tensor(mask, [batch, pos, nHeads, 1]);
}
