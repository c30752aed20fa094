/**
 * Moves an MLP's LayerNorm into a coder, or out of it, without changing the function. With gain g, bias β and the bare
 * normalised vector n, an MLP of an unprocessed model reads x = g⊙n + β:
 *
 *     from n to x:   W' = W·diag(1/g),   b' = b − W·(β/g)
 *     from x to n:   W' = W·diag(g),     b' = b + W·β
 *
 * The same holds for the linear path and the output's bias.
 */
import { type Coder, coderName, type CoderWeights } from "./coder.ts";
import { scaledColumns, shiftedBias } from "./layout.ts";
import { splitHook } from "./splices/mod.ts";

/** Gain and bias of an MLP's LayerNorm, each `[d]`. */
export interface NormWeights {
  /** g */
  gain: ArrayLike<number>;
  /** β */
  bias: ArrayLike<number>;
}

/** Smallest gain, relative to the largest, that can be divided by. */
const SMALLEST = 1e-5;

const BARE = "ln2.hook_normalized", MLP_IN = "mlp.hook_in";

/** Tells whether a coder reads the bare normalised vector of an MLP. */
export function readsBare({ config }: Coder): boolean {
  const point = splitHook(config.inputHook)?.point;
  return point === BARE || point === MLP_IN && config.inputConvention === "folded";
}

/** Tells whether a coder reads what the MLP of an unprocessed model reads. */
export function readsMlpInput({ config }: Coder): boolean {
  return splitHook(config.inputHook)?.point === MLP_IN && config.inputConvention === "raw";
}

/**
 * Returns the same coder for the input of the MLP, `mlp.hook_in` of the unprocessed model.
 * @throws Error if it reads something other than the bare normalised vector, or if gains are too near 0.
 */
export function readingMlpInput(coder: Coder, { gain, bias }: NormWeights): Coder {
  if (!readsBare(coder)) {
    throw new Error(`${coderName(coder.config)}: expected a coder that reads ${BARE}`);
  }
  const gains = Float64Array.from(gain);
  const largest = gains.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
  const near = gains.findIndex((g) => Math.abs(g) < SMALLEST * largest);
  if (near >= 0 || largest === 0) {
    throw new Error(
      `${coderName(coder.config)}: LayerNorm's gain in dimension ${Math.max(near, 0)} is ${
        gains[Math.max(near, 0)]
      }; the input before it cannot be had from the input after it`,
    );
  }
  const shift = gains.map((g, i) => -bias[i] / g);
  return moved(coder, MLP_IN, gains.map((g) => 1 / g), shift);
}

/**
 * Returns the same coder for the bare normalised vector, `ln2.hook_normalized`.
 * @throws Error if it reads something other than `mlp.hook_in` of an unprocessed model.
 */
export function readingBare(coder: Coder, { gain, bias }: NormWeights): Coder {
  if (!readsMlpInput(coder)) {
    throw new Error(
      `${coderName(coder.config)}: expected a coder that reads ${MLP_IN} of an unprocessed model`,
    );
  }
  return moved(coder, BARE, gain, bias);
}

/** Returns the coder with `W·(scale⊙v + shift) + b` in the place of `W·v + b`. */
function moved(
  { config, weights }: Coder,
  point: string,
  scale: ArrayLike<number>,
  shift: ArrayLike<number>,
): Coder {
  const { W_enc, b_enc, W_skip, b_dec } = weights;
  // A shift that is already scaled goes with the unscaled matrix.
  const changed: CoderWeights = {
    ...weights,
    W_enc: scaledColumns(W_enc, scale),
    b_enc: shiftedBias(b_enc, W_enc, shift, 1),
  };
  if (W_skip) {
    changed.W_skip = scaledColumns(W_skip, scale);
    changed.b_dec = shiftedBias(b_dec, W_skip, shift, 1);
  }
  const { layer } = config;
  return {
    config: { ...config, inputHook: `blocks.${layer}.${point}`, inputConvention: "raw" },
    weights: changed,
  };
}
