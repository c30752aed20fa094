/**
 * Scores of a coder against known features:
 *
 *     mcc          mean |cos| of learned and true directions, paired one to one so that the sum is largest (Hungarian
 *                  matching); min(F, n) pairs
 *     uniqueness   number of different true features that are nearest to some learned one, divided by F
 *     f1           of each pair, how well the learned feature's firing tells when the true one is on; mean over pairs
 *
 * Source: SynthSAEBench (2602.14687).
 */
import { linearSumAssignment } from "linear-sum-assignment";
import { Matrix } from "ml-matrix";
import type { F32 } from "../../onnx/mod.ts";

/** Learned directions matched with true ones. */
export interface DirectionMatch {
  /** true feature of each learned one; −1 for those left over */
  partners: Int32Array;
  /** mean |cos| over the pairs */
  mcc: number;
  /** share of learned features whose nearest true feature is not the nearest of an earlier one */
  uniqueness: number;
}

/**
 * Pairs rows with columns so that the sum of their scores is largest.
 * @param scores a row of numbers per left-hand side
 * @returns column of each row; −1 for rows left over
 */
export function bestPairs(scores: Matrix): Int32Array {
  // The library changes the matrix that it is given.
  const { rowAssignments } = linearSumAssignment(scores.clone(), { maximaze: true });
  return Int32Array.from(rowAssignments);
}

/**
 * Matches learned directions with true ones.
 * @param learned decoder rows, `[F, d]`; a row of zeros has cosine 0 with everything
 * @param truth `[n, d]`
 * @throws Error if the widths differ.
 */
export function matchDirections(learned: F32, truth: F32): DirectionMatch {
  const cosines = absoluteCosines(learned, truth);
  const partners = bestPairs(cosines);
  const nearest = new Set<number>();
  let total = 0, pairs = 0;
  partners.forEach((partner, f) => {
    nearest.add(cosines.maxRowIndex(f)[1]);
    if (partner < 0) return;
    pairs++;
    total += cosines.get(f, partner);
  });
  return { partners, mcc: total / pairs, uniqueness: nearest.size / partners.length };
}

function absoluteCosines(learned: F32, truth: F32): Matrix {
  const [F, d] = learned.shape, [n, width] = truth.shape;
  if (d !== width) {
    throw new Error(`learned directions have width ${d}, true ones ${width}; expected the same`);
  }
  const unit = ({ data }: F32, rows: number) => {
    const out = new Matrix(rows, d);
    for (let row = 0; row < rows; row++) {
      const values = data.subarray(row * d, (row + 1) * d);
      const norm = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0)) || 1;
      values.forEach((x, j) => out.set(row, j, x / norm));
    }
    return out;
  };
  return unit(learned, F).mmul(unit(truth, n).transpose()).abs();
}

/** How well the firing of learned features tells when their partners are on. */
export interface FiringScores {
  /** mean of F1 over the pairs */
  f1: number;
  /** of each learned feature, in their order; undefined for those without a partner */
  features: (FeatureScores | undefined)[];
}

/** One learned feature as a detector of a true one. */
export interface FeatureScores {
  /** share of its firings in which the true feature is on; 0 if it never fires */
  precision: number;
  /** share of the true feature's rows in which it fires; 0 if there are none */
  recall: number;
  /** harmonic mean of both */
  f1: number;
}

/** Returns precision, recall and F1 from counts of firings, of rows with the property, and of both together. */
export function featureScores(fired: number, present: number, both: number): FeatureScores {
  const share = (all: number) => all > 0 ? both / all : 0;
  return {
    precision: share(fired),
    recall: share(present),
    f1: fired + present > 0 ? 2 * both / (fired + present) : 0,
  };
}

/** Adds up firings over batches. */
export class FiringMeter {
  readonly #fired: Float64Array;
  readonly #present: Float64Array;
  readonly #both: Float64Array;

  /** Takes the true feature of each learned one, −1 for none; see {@link matchDirections}. */
  constructor(private readonly partners: Int32Array) {
    const zeros = () => new Float64Array(partners.length);
    [this.#fired, this.#present, this.#both] = [zeros(), zeros(), zeros()];
  }

  /** Adds rows of activations `[rows, F]` and strengths `[rows, n]`. */
  add(activations: F32, strengths: F32): void {
    const F = this.partners.length;
    const [rows, n] = strengths.shape;
    for (let row = 0; row < rows; row++) {
      for (let f = 0; f < F; f++) {
        const partner = this.partners[f];
        if (partner < 0) continue;
        const fires = activations.data[row * F + f] !== 0;
        const present = strengths.data[row * n + partner] !== 0;
        if (fires) this.#fired[f]++;
        if (present) this.#present[f]++;
        if (fires && present) this.#both[f]++;
      }
    }
  }

  /** Returns the scores over all rows so far. */
  scores(): FiringScores {
    const features = Array.from(
      this.partners,
      (partner, f) =>
        partner < 0 ? undefined : featureScores(this.#fired[f], this.#present[f], this.#both[f]),
    );
    const found = features.filter((one) => one !== undefined);
    return { f1: found.reduce((sum, { f1 }) => sum + f1, 0) / found.length, features };
  }
}
