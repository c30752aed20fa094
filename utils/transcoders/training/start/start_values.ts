/**
 * The parameters of a coder before the first step.
 *
 *   kaiming   U(±√(6/n)): n = F for W_enc and n = d_out for W_dec, as PyTorch's default on tensors of the shapes [d_in, F]
 *             and [F, d_out] (transcoder_circuits)
 *   linear    U(±1/√d_in), PyTorch's Linear (sparsify's encoder)
 *   zeros     0 (sparsify's decoder)
 *   rows      given rows for the first features, Kaiming for the others
 *   tied      W_enc = scale · W_dec, before b_enc (Gao et al. 2024; SAELens)
 *
 * Decoder rows are then divided by their norms and multiplied by `decoderNorm`: 1 in transcoder_circuits, 0.1 in SAELens.
 *
 * A transcoder's decoder can start from the MLP that it replaces: give the neurons' output vectors as rows. Each neuron
 * becomes one feature that writes in the neuron's direction, so there must be at least as many features as neurons. The
 * neurons' input vectors, as the encoder's rows, make the coder begin near the MLP itself; with `tied`, a feature begins to
 * read along its own output.
 */
import { PythonRandom } from "../../../base/mod.ts";
import { layoutOf, viewOf } from "../../../training/mod.ts";
import { coderParameters, type CoderShape } from "../shape.ts";

/** Start of a matrix. */
export type MatrixStart = "kaiming" | "zeros" | {
  /** rows of the first features, row-major `[n ≤ F, width]` */
  rows: Float32Array;
};

/** Start values. */
export interface StartSettings {
  /** seed of all draws */
  seed: number;
  /** default "kaiming" */
  decoder?: MatrixStart;
  /** norm of the decoder's rows; default 1; rows of zeros stay */
  decoderNorm?: number;
  /** default "tied" */
  encoder?: MatrixStart | "linear" | "tied";
  /** factor of a tied encoder; default 1 */
  tiedScale?: number;
  /** `b_dec`, `[d_out]`; default 0 */
  outputBias?: Float32Array;
  /** `b_in`, `[d_in]`; default 0 */
  inputBias?: Float32Array;
  /** a mean input `[d_in]`: `b_enc` starts at `−W_enc · centre`, as in sparsify, so that it takes the place of an input bias */
  centre?: Float32Array;
  /** JumpReLU's first threshold; default 0.01, as in SAELens */
  threshold?: number;
}

/**
 * Returns the parameters, laid out in the objective's order; the same for the same seed.
 * @throws Error when given vectors do not have the coder's widths, or there are more rows than features.
 */
export function startValues(shape: CoderShape, settings: StartSettings): Float32Array<ArrayBuffer> {
  const { dIn, dOut, features } = shape;
  const { decoder = "kaiming", encoder = "tied", decoderNorm = 1, tiedScale = 1 } = settings;
  const random = new PythonRandom(settings.seed);
  const layout = layoutOf(coderParameters(shape));
  const vector = new Float32Array(layout.size);
  const tensor = (name: string) => {
    const place = layout.tensors.find((t) => t.name === name);
    return place && viewOf(vector, place);
  };
  const W_dec = tensor("W_dec")!, W_enc = tensor("W_enc")!;
  fill(W_dec, "decoder", decoder, dOut, Math.sqrt(6 / dOut), random);
  scaleRows(W_dec, dOut, decoderNorm);
  if (encoder === "tied") {
    if (dIn !== dOut) {
      throw new Error(
        `a tied encoder needs equal widths; the input has ${dIn}, the target ${dOut}`,
      );
    }
    W_enc.set(W_dec.map((w) => tiedScale * w));
  } else {
    const [kind, bound] = encoder === "linear"
      ? ["kaiming" as const, 1 / Math.sqrt(dIn)]
      : [encoder, Math.sqrt(6 / features)];
    fill(W_enc, "encoder", kind, dIn, bound, random);
  }
  const given = (name: string, values: Float32Array | undefined) => {
    if (!values) return;
    const place = tensor(name);
    if (place?.length !== values.length) {
      throw new Error(
        `start of ${name}: expected ${place?.length ?? "no"} elements, found ${values.length}`,
      );
    }
    place.set(values);
  };
  given("b_dec", settings.outputBias);
  given("b_in", settings.inputBias);
  if (settings.centre) given("b_enc", centred(W_enc, settings.centre, dIn));
  tensor("log_threshold")?.fill(Math.log(settings.threshold ?? 0.01));
  return vector;
}

/** Fills a matrix; draws only what is not given. */
function fill(
  matrix: Float32Array,
  name: string,
  start: MatrixStart,
  width: number,
  bound: number,
  random: PythonRandom,
): void {
  if (start === "zeros") return;
  const rows = start === "kaiming" ? new Float32Array() : start.rows;
  if (rows.length % width !== 0 || rows.length > matrix.length) {
    throw new Error(
      `start of the ${name}: expected at most ${
        matrix.length / width
      } rows of ${width} elements, ` +
        `found ${rows.length} elements; a coder needs at least as many features as there are rows`,
    );
  }
  matrix.set(rows);
  for (let i = rows.length; i < matrix.length; i++) matrix[i] = random.uniform(-bound, bound);
}

/** Gives the rows of a matrix a norm; rows of zeros stay. */
function scaleRows(matrix: Float32Array, width: number, norm: number): void {
  for (let start = 0; start < matrix.length; start += width) {
    const row = matrix.subarray(start, start + width);
    const found = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    if (found > 0) row.forEach((x, i) => row[i] = x * norm / found);
  }
}

/** Returns `−W_enc · centre`. */
function centred(W_enc: Float32Array, centre: Float32Array, width: number): Float32Array {
  if (centre.length !== width) {
    throw new Error(
      `start of b_enc: expected a centre of ${width} elements, found ${centre.length}`,
    );
  }
  return Float32Array.from({ length: W_enc.length / width }, (_, f) => {
    let product = 0;
    for (let d = 0; d < width; d++) product += W_enc[f * width + d] * centre[d];
    return -product;
  });
}
