/**
 * How much a feature of one coder is a feature of another:
 *
 *     similarity = max(0, cos of decoder rows) · max(0, correlation of activations on the same text)
 *
 * The product asks for both: the same direction written, and the same tokens that it is written at. Features that are silent on
 * the text have similarity 0.
 */
import type { F32 } from "../../onnx/mod.ts";
import { correlations, momentsOf, type SparseActivations } from "./sparse_activations.ts";

/** What identity looks at in one layer's coder. */
export interface FeatureProfile {
  /** decoder rows, `[F, d]` */
  decoder: F32;
  /** activations on the text */
  activations: SparseActivations;
}

/** Cosines and correlations of two layers' features. */
export interface Similarities {
  /** features of the first that fire on the text */
  left: number[];
  /** features of the second that do */
  right: number[];
  /** cosines, `[left, right]` */
  cosines: Float64Array;
  /** correlations, `[left, right]` */
  correlations: Float64Array;
}

/** Compares two layers' features; see the header. @throws Error if widths or numbers of tokens differ. */
export function compareFeatures(a: FeatureProfile, b: FeatureProfile): Similarities {
  const alive = ({ activations }: FeatureProfile) =>
    Array.from(momentsOf(activations).deviation.entries())
      .filter(([, s]) => s > 0).map(([f]) => f);
  const left = alive(a), right = alive(b);
  const all = correlations(a.activations, b.activations);
  const U = unitRows(a.decoder, left), V = unitRows(b.decoder, right);
  const d = a.decoder.shape[1];
  if (b.decoder.shape[1] !== d) {
    throw new Error(`decoder rows have widths ${d} and ${b.decoder.shape[1]}; expected the same`);
  }
  const cosines = new Float64Array(left.length * right.length),
    found = new Float64Array(cosines.length);
  left.forEach((f, i) =>
    right.forEach((g, j) => {
      let dot = 0;
      for (let k = 0; k < d; k++) dot += U[i * d + k] * V[j * d + k];
      cosines[i * right.length + j] = dot;
      found[i * right.length + j] = all[f * b.activations.features + g];
    })
  );
  return { left, right, cosines, correlations: found };
}

function unitRows({ data, shape: [, d] }: F32, rows: readonly number[]): Float64Array {
  const out = new Float64Array(rows.length * d);
  rows.forEach((row, i) => {
    const norm = Math.hypot(...data.subarray(row * d, (row + 1) * d));
    for (let k = 0; k < d; k++) out[i * d + k] = norm === 0 ? 0 : data[row * d + k] / norm;
  });
  return out;
}

/**
 * Returns the similarities, `[left, right]`.
 * @param order takes the correlations of other columns, which destroys what belongs together; default: none
 */
export function similarityMatrix(
  { right, cosines, correlations }: Similarities,
  order?: readonly number[],
): Float64Array {
  const width = right.length;
  return cosines.map((cos, at) => {
    const j = at % width;
    return Math.max(0, cos) * Math.max(0, correlations[at - j + (order ? order[j] : j)]);
  });
}
