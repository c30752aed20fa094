/**
 * The floor of every reading: a coder at the same place with random directions to read and to write, of the same norms. The k
 * features with the largest pre-activations fire on each token; k is the coder's mean number of active features. It reads the
 * input less its mean, so that features are chosen by what varies.
 */
import { PythonRandom } from "../base/mod.ts";
import { tensor } from "../onnx/mod.ts";
import { type Coder, unitRows } from "../transcoders/mod.ts";

/**
 * Returns a random coder at the place of a coder.
 * @param k features that fire on each token
 * @param centre mean input, `[d_in]`
 */
export function randomCoder(
  { config, weights }: Coder,
  k: number,
  centre: ArrayLike<number>,
  seed: number,
): Coder {
  const { features: F, dIn, dOut } = config;
  const random = new PythonRandom(seed);
  const encoder = withNorms(unitRows(F, dIn, random).data, weights.W_enc.data, F);
  const written = weights.W_dec.data.length / F;
  const decoder = withNorms(unitRows(F, written, random).data, weights.W_dec.data, F);
  const b_enc = new Float32Array(F);
  for (let f = 0; f < F; f++) {
    for (let i = 0; i < dIn; i++) b_enc[f] -= encoder[f * dIn + i] * centre[i];
  }
  return {
    config: {
      ...config,
      activation: { name: "topk", k: Math.max(1, Math.min(F, Math.round(k))) },
      skip: false,
      metadata: {},
    },
    weights: {
      W_enc: tensor(encoder, [F, dIn]),
      b_enc: tensor(b_enc, [F]),
      W_dec: tensor(decoder, [...weights.W_dec.shape]),
      b_dec: tensor(new Float32Array(dOut), [dOut]),
    },
  };
}

function withNorms(
  unit: Float32Array,
  like: Float32Array,
  rows: number,
): Float32Array<ArrayBuffer> {
  const width = unit.length / rows, out = new Float32Array(unit.length);
  for (let r = 0; r < rows; r++) {
    let square = 0;
    for (let i = r * width; i < (r + 1) * width; i++) square += like[i] ** 2;
    const norm = Math.sqrt(square);
    for (let i = r * width; i < (r + 1) * width; i++) out[i] = unit[i] * norm;
  }
  return out;
}
