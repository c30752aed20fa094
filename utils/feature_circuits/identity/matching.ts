/**
 * Pairs the features of two coders, and says from which similarity on a pair counts:
 *
 *  1. One-to-one pairs with the largest sum of similarities (Hungarian matching).
 *  2. Null: the same matching where there is nothing to find. `permuted`: the activations of the second coder's features are
 *     exchanged at random, their decoder rows stay. `other model`: features of a model from another random seed, whose
 *     directions mean nothing here.
 *  3. The threshold is the similarity that 1 % of the null's pairs reach, the larger of the two.
 */
import { linearSumAssignment } from "linear-sum-assignment";
import { Matrix } from "ml-matrix";
import { PythonRandom } from "../../base/mod.ts";
import { type Similarities, similarityMatrix } from "./similarity.ts";

/** Share of false matches. */
export const FALSE_MATCHES = 0.01;

/** A pair of features. */
export interface FeaturePair {
  /** place in `left` */
  left: number;
  /** place in `right` */
  right: number;
  /** similarity of the two */
  similarity: number;
}

/** Returns the one-to-one pairs with the largest sum. @param matrix similarities, `[rows, columns]` */
export function bestMatching(matrix: Float64Array, rows: number, columns: number): FeaturePair[] {
  if (rows === 0 || columns === 0) return [];
  const scores = Matrix.zeros(rows, columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) scores.set(i, j, matrix[i * columns + j]);
  }
  const { rowAssignments } = linearSumAssignment(scores, { maximaze: true });
  return Array.from(rowAssignments as ArrayLike<number>, (right, left) => ({ left, right }))
    .filter(({ right }) => right >= 0)
    .map(({ left, right }) => ({ left, right, similarity: matrix[left * columns + right] }));
}

/** Returns the similarities of the pairs found when activations are exchanged at random. */
export function permutedNull(found: Similarities, seed: number): number[] {
  const { left, right } = found;
  // one random circle through all features, so that none keeps its own activations
  const circle = new PythonRandom(seed).shuffle(right.map((_, j) => j));
  const order = new Array<number>(right.length);
  circle.forEach((j, i) => order[j] = circle[(i + 1) % circle.length]);
  const matrix = similarityMatrix(found, order);
  return bestMatching(matrix, left.length, right.length).map(({ similarity }) => similarity);
}

/**
 * Returns the smallest similarity that at most 1 % of a null's pairs reach.
 * @param null_ similarities of the null's pairs; without any, every pair counts
 */
export function matchThreshold(null_: readonly number[]): number {
  const sorted = [...null_].sort((a, b) => b - a);
  // The first value that may not count as a match.
  const first = sorted[Math.floor(FALSE_MATCHES * sorted.length)] ?? 0;
  return first + 1e-9;
}
