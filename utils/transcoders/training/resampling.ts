/**
 * Gives dead features a new start (Bricken et al. 2023, "Neuron resampling"; transcoder_circuits' `l2`, for transcoders):
 *
 *  1. Draw a row of activations for each dead feature, without replacement, with probability ∝ the square of the row's
 *     loss ‖y − ŷ‖² (Efraimidis & Spirakis 2006: the largest keys log(u) / weight).
 *  2. W_dec[f] ← r / ‖r‖ with r = y − ŷ, what the coder lacks there; of an autoencoder (x − c) / ‖x − c‖.
 *  3. W_enc[f] ← s · m · (x − c) / ‖x − c‖, where m is the mean norm of the encoder rows of living features (of all, if
 *     none lives) and s a factor, 0.2 there.
 *  4. b_enc[f] is such that the pre-activation is W_enc[f]·(x − c): 0 where c is the coder's input bias, else −W_enc[f]·c
 *     with c the mean input. A threshold is that of the start.
 *  5. Adam's moments of these entries, and the steps since the feature fired, are 0.
 *
 * transcoder_circuits writes input directions to the decoder of transcoders as well; there the residual is meant.
 */
import { layoutOf, type TrainingState, viewOf } from "../../training/mod.ts";
import { coderParameters, type CoderShape } from "./shape.ts";

/** Draws rows without replacement, with probabilities proportional to weights, from a sequence of any length. */
export class WeighedDraw<Row> {
  #kept: { key: number; row: Row }[] = [];
  #least = -Infinity;

  /**
   * Starts a draw.
   * @param count rows to draw
   * @param uniform returns a number in [0, 1)
   */
  constructor(private readonly count: number, private readonly uniform: () => number) {}

  /** Adds a row, made only if it may be drawn. Rows of weight 0 are never drawn. */
  add(weight: number, row: () => Row): void {
    const key = Math.log(1 - this.uniform()) / weight;
    if (!(weight > 0) || key <= this.#least) return;
    this.#kept.push({ key, row: row() });
    if (this.#kept.length >= 2 * this.count) this.#truncate();
  }

  #truncate() {
    this.#kept.sort((a, b) => b.key - a.key);
    this.#kept.length = Math.min(this.#kept.length, this.count);
    if (this.#kept.length === this.count) this.#least = this.#kept.at(-1)!.key;
  }

  /** Returns the rows drawn, in the order of their draw: at most `count`. */
  rows(): Row[] {
    this.#truncate();
    return this.#kept.map(({ row }) => row);
  }
}

/** A row that a feature starts from, in the units of the training. */
export interface ResampledRow {
  /** input x `[d_in]` */
  x: Float32Array;
  /** residual y − ŷ `[d_out]` */
  residual: Float32Array;
}

/** What features are resampled from. */
export interface ResampleSettings {
  /** sizes */
  shape: CoderShape;
  /** the dead features, ascending; those beyond the number of rows stay as they are */
  dead: readonly number[];
  /** rows drawn for them */
  rows: readonly ResampledRow[];
  /** mean input `[d_in]`; used where the coder does not have an input bias */
  mean: ArrayLike<number>;
  /** norm of new encoder rows, as a share of the mean norm of living ones */
  scale: number;
  /** JumpReLU's threshold at the start */
  threshold?: number;
}

/** Resamples features in place; see the header. Returns how many. */
export function resampleFeatures(
  { weights, slots, carried }: Pick<
    TrainingState<ArrayBufferLike>,
    "weights" | "slots" | "carried"
  >,
  { shape, dead, rows, mean, scale, threshold = 1 }: ResampleSettings,
): number {
  const { dIn, dOut, features, inputBias } = shape;
  const places = layoutOf(coderParameters(shape)).tensors;
  const view = (vector: Float32Array, name: string) => {
    const place = places.find((place) => place.name === name);
    return place && viewOf(vector, place);
  };
  const [W_enc, b_enc, W_dec] = ["W_enc", "b_enc", "W_dec"].map((name) => view(weights, name)!);
  const bias = inputBias && view(weights, inputBias === "own" ? "b_in" : "b_dec");
  const centre = bias ?? mean;
  const isDead = new Set(dead);
  const norms = Array.from(
    { length: features },
    (_, f) => Math.hypot(...W_enc.subarray(f * dIn, (f + 1) * dIn)),
  );
  const living = norms.filter((_, f) => !isDead.has(f));
  const measured = living.length > 0 ? living : norms;
  const norm = scale * measured.reduce((sum, x) => sum + x, 0) / measured.length;

  const count = Math.min(dead.length, rows.length);
  for (const [i, f] of dead.slice(0, count).entries()) {
    const reading = unit(Float64Array.from(rows[i].x, (x, j) => x - centre[j]));
    const writing = inputBias === "shared" ? reading : unit(Float64Array.from(rows[i].residual));
    W_enc.set(reading.map((x) => norm * x), f * dIn);
    W_dec.set(writing, f * dOut);
    b_enc[f] = bias ? 0 : -norm * reading.reduce((sum, x, j) => sum + x * mean[j], 0);
    const thresholds = view(weights, "log_threshold");
    if (thresholds) thresholds[f] = Math.log(threshold);
    for (const slot of Object.values(slots)) {
      view(slot, "W_enc")!.fill(0, f * dIn, (f + 1) * dIn);
      view(slot, "W_dec")!.fill(0, f * dOut, (f + 1) * dOut);
      view(slot, "b_enc")![f] = 0;
      view(slot, "log_threshold")?.fill(0, f, f + 1);
    }
    carried.steps_since_fired[f] = 0;
  }
  return count;
}

/** Returns a vector at norm 1; zeros stay. */
function unit(vector: Float64Array): Float64Array {
  const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return norm > 0 ? vector.map((x) => x / norm) : vector;
}
