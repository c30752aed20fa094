/**
 * Floors that are coders themselves, so that they run as coders do:
 *
 *     constant   ŷ = b              zero ablation with b = 0, mean ablation with b = ȳ
 *     linear     ŷ = A x + b        the skip connection alone
 *     random     random directions to read and to write, the k largest features of each row
 */
import { type F32, tensor } from "../../../onnx/mod.ts";
import { PythonRandom } from "../../../base/mod.ts";
import type { Coder, CoderConfig } from "../../coder.ts";
import { unitRows } from "../../random_rows.ts";

/** Returns the settings of a floor at the place of a coder. */
function floorConfig(config: CoderConfig, changes: Partial<CoderConfig>): CoderConfig {
  const { decoderLayers: _, ...place } = config;
  return {
    ...place,
    kind: config.kind === "cross_layer" ? "transcoder" : config.kind,
    activation: { name: "relu" },
    skip: false,
    metadata: {},
    ...changes,
  };
}

const zeros = (...shape: number[]): F32 =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);

/** Returns a coder at the place of another that gives `W_skip·x + b`; it has one feature, which never fires. */
export function linearCoder(config: CoderConfig, b: F32, W_skip?: F32): Coder {
  return {
    config: floorConfig(config, { features: 1, skip: W_skip !== undefined }),
    weights: {
      W_enc: zeros(1, config.dIn),
      b_enc: zeros(1),
      W_dec: zeros(1, config.dOut),
      b_dec: b,
      ...(W_skip ? { W_skip } : {}),
    },
  };
}

/** Returns a coder at the place of another that gives the same vector everywhere; default: zeros. */
export function constantCoder(config: CoderConfig, b: F32 = zeros(config.dOut)): Coder {
  return linearCoder(config, b);
}

/**
 * Returns a coder with as many features as another, random unit vectors to read and to write, and the `k` largest features
 * of each row. Reads the input less its mean, so that features are chosen by what varies. Its output is not scaled yet; see
 * {@link scaledCoder}.
 * @param centre mean input, `[d_in]`
 */
export function randomDirections(
  config: CoderConfig,
  k: number,
  centre: ArrayLike<number>,
  seed: number,
): Coder {
  const { features: F, dIn, dOut } = config;
  const random = new PythonRandom(seed);
  const W_enc = unitRows(F, dIn, random), W_dec = unitRows(F, dOut, random);
  const b_enc = new Float32Array(F);
  for (let f = 0; f < F; f++) {
    for (let i = 0; i < dIn; i++) b_enc[f] -= W_enc.data[f * dIn + i] * centre[i];
  }
  return {
    config: floorConfig(config, { activation: { name: "topk", k: Math.min(k, F) } }),
    weights: { W_enc, b_enc: tensor(b_enc, [F]), W_dec, b_dec: zeros(dOut) },
  };
}

/** Returns a coder with its decoded features multiplied by a factor, and another bias of the output. */
export function scaledCoder(
  { config, weights }: Coder,
  factor: number,
  bias: ArrayLike<number>,
): Coder {
  const { W_dec } = weights;
  const scaled = tensor(W_dec.data.map((w) => factor * w), [...W_dec.shape]);
  const b_dec = tensor(Float32Array.from(bias), [config.dOut]);
  return { config, weights: { ...weights, W_dec: scaled, b_dec } };
}
