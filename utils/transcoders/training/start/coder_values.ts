/**
 * The parameters that a trained coder corresponds to, to go on training it: the inverse of `trained_coder.ts`.
 *
 *   own input bias       b_in = 0, since it is part of b_enc
 *   shared input bias c  b_enc ← b_enc + W_enc·c, c = b_dec
 *   threshold            log_threshold ← ln threshold
 *   unit rows            with n = ‖W_dec[f]‖: W_dec[f]/n, n W_enc[f], n b_enc[f], n threshold[f]; the same function,
 *                        except that TopK then chooses by n · pre-activation
 */
import { UserError } from "../../../base/mod.ts";
import { layoutOf, viewOf } from "../../../training/mod.ts";
import { type Coder, coderName, coderShapes } from "../../coder.ts";
import { coderParameters, type CoderShape } from "../shape.ts";

/**
 * Returns the parameters, laid out in the objective's order.
 * @param unitRows divides decoder rows by their norms
 * @throws UserError when the coder has other sizes or other tensors than the shape.
 */
export function coderValues(
  { config, weights }: Coder,
  shape: CoderShape,
  unitRows: boolean,
): Float32Array<ArrayBuffer> {
  const { dIn, dOut, features } = shape;
  const layout = layoutOf(coderParameters(shape));
  const there = coderShapes(config);
  const expected = coderShapes({
    ...config,
    ...{ dIn, dOut, features },
    skip: Boolean(shape.skip),
    activation: shape.threshold ? { name: "jumprelu" } : { name: "relu" },
  });
  if (JSON.stringify(there) !== JSON.stringify(expected)) {
    throw new UserError(
      `${coderName(config)}: a start needs the weights ${text(expected)}, found ${text(there)}`,
    );
  }
  const vector = new Float32Array(layout.size);
  const parts = Object.fromEntries(
    layout.tensors.map((place) => [place.name, viewOf(vector, place)]),
  );
  const { W_enc, b_enc, W_dec, b_dec, W_skip, log_threshold } = parts;
  W_enc.set(weights.W_enc.data);
  b_enc.set(weights.b_enc.data);
  W_dec.set(weights.W_dec.data);
  b_dec.set(weights.b_dec.data);
  W_skip?.set(weights.W_skip!.data);
  log_threshold?.set(weights.threshold!.data.map((x) => Math.log(Math.max(x, 1e-6))));
  for (let f = 0; f < features; f++) {
    const reading = W_enc.subarray(f * dIn, (f + 1) * dIn);
    const writing = W_dec.subarray(f * dOut, (f + 1) * dOut);
    if (shape.inputBias === "shared") {
      b_enc[f] += reading.reduce((sum, w, i) => sum + w * b_dec[i], 0);
    }
    const norm = Math.sqrt(writing.reduce((sum, w) => sum + w * w, 0));
    if (!unitRows || norm === 0) continue;
    writing.forEach((w, i) => writing[i] = w / norm);
    reading.forEach((w, i) => reading[i] = w * norm);
    b_enc[f] *= norm;
    if (log_threshold) log_threshold[f] += Math.log(norm);
  }
  return vector;
}

const text = (shapes: ReturnType<typeof coderShapes>) =>
  Object.entries(shapes).map(([name, shape]) => `${name} [${shape}]`).join(", ");
