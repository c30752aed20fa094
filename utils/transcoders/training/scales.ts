/**
 * One scale for all models and checkpoints: a coder trains on a·x and b·y, so that the same learning rate and start suit
 * inputs and targets of any size.
 *
 *   a = √d_in / rms ‖x − x̄‖,   b = √d_out / rms ‖y − ȳ‖        from a sample; dimensions then have variance 1 on average
 *
 * The trained coder has the scales folded in. With W̃, … what is trained:
 *
 *   W_enc = W̃_enc a/b,  b_enc = b̃_enc/b,  W_dec = W̃_dec,  b_dec = b̃_dec/b,  W_skip = W̃_skip a/b,  θ = θ̃/b,  b_in = b̃_in/a
 *
 * Activations are b times smaller then, and rows of W_dec keep their norm. a and b are carried with the state of a run.
 * Losses, and coefficients of L1, are in the scaled units.
 */
import { layoutOf, type NamedValues, type TensorSpec, viewOf } from "../../training/mod.ts";
import { mul, type Value } from "../../onnx/mod.ts";
import { coderParameters, type CoderShape } from "./shape.ts";

/** Factors of inputs and targets. */
export interface Scales {
  /** a */
  input: number;
  /** b */
  target: number;
}

/** The carried tensors. */
export const SCALE_STATE: readonly TensorSpec[] = [
  { name: "input_scale", shape: [] },
  { name: "target_scale", shape: [] },
];

/** Returns the scales of a sample of rows; 1 where rows do not differ. */
export function scalesOf(
  { x, y }: { x: Float32Array; y: Float32Array },
  { dIn, dOut }: Pick<CoderShape, "dIn" | "dOut">,
): Scales {
  return { input: scaleOf(x, dIn), target: scaleOf(y, dOut) };
}

function scaleOf(rows: Float32Array, width: number): number {
  const count = rows.length / width;
  let total = 0, ofMean = 0;
  for (let d = 0; d < width; d++) {
    let sum = 0, squares = 0;
    for (let i = d; i < rows.length; i += width) {
      sum += rows[i];
      squares += rows[i] ** 2;
    }
    total += squares;
    ofMean += sum ** 2 / count;
  }
  const variance = (total - ofMean) / count;
  return variance > 1e-12 * total / count ? Math.sqrt(width / variance) : 1;
}

/** Returns the scales of a run's carried tensors. @throws Error if `setScales` did not set them before. */
export function carriedScales(carried: Readonly<Record<string, Float32Array>>): Scales {
  const [input, target] = SCALE_STATE.map(({ name }) => carried[name]?.[0]);
  if (input > 0 && target > 0) return { input, target };
  throw new Error(
    `expected positive scales of inputs and targets, found ${input} and ${target}: set them before the first step`,
  );
}

/** Writes scales to a run's carried tensors. */
export function setScales(
  carried: Readonly<Record<string, Float32Array>>,
  { input, target }: Scales,
): void {
  carried.input_scale[0] = input;
  carried.target_scale[0] = target;
}

/** Returns scaled inputs and targets. */
export function scaled(x: Value, y: Value, carried: NamedValues): [Value, Value] {
  return [mul(x, carried.input_scale), mul(y, carried.target_scale)];
}

/** Turns parameters for plain rows into those for scaled ones, in place. */
export function toScaled(
  vector: Float32Array<ArrayBuffer>,
  shape: CoderShape,
  { input: a, target: b }: Scales,
): void {
  const factors: Record<string, number> = {
    W_enc: b / a,
    b_enc: b,
    b_dec: b,
    W_skip: b / a,
    b_in: a,
  };
  for (const place of layoutOf(coderParameters(shape)).tensors) {
    const values = viewOf(vector, place);
    if (place.name === "log_threshold") values.forEach((x, i) => values[i] = x + Math.log(b));
    const factor = factors[place.name];
    if (factor !== undefined) values.forEach((x, i) => values[i] = x * factor);
  }
}
