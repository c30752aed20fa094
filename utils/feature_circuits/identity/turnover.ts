/**
 * What becomes of a layer's features from one checkpoint to the next, of those that fire on the text:
 *
 *     kept     paired, with a similarity not below the threshold
 *     born     new features that are not kept
 *     dead     old features that are not kept
 *     split    kept old features that a born one resembles too, from the threshold on
 *     merged   kept new features that a dead one resembles too
 */
import { bestMatching } from "./matching.ts";
import { type Similarities, similarityMatrix } from "./similarity.ts";

/** Turnover between two checkpoints; feature numbers. */
export interface Turnover {
  /** old and new feature, and their similarity */
  kept: [old: number, now: number, similarity: number][];
  /** new features */
  born: number[];
  /** old features */
  dead: number[];
  /** old features, each with the born ones */
  split: [old: number, born: number[]][];
  /** new features, each with the dead ones */
  merged: [now: number, dead: number[]][];
}

/** Finds the turnover; `left` of the similarities is the older checkpoint. */
export function turnoverOf(found: Similarities, threshold: number): Turnover {
  const { left, right } = found;
  const matrix = similarityMatrix(found), width = right.length;
  const pairs = bestMatching(matrix, left.length, width)
    .filter(({ similarity }) => similarity >= threshold);
  const keptLeft = new Set(pairs.map((p) => p.left)),
    keptRight = new Set(pairs.map((p) => p.right));
  const bornAt = right.map((_, j) => j).filter((j) => !keptRight.has(j));
  const deadAt = left.map((_, i) => i).filter((i) => !keptLeft.has(i));
  const split: Turnover["split"] = [], merged: Turnover["merged"] = [];
  for (const pair of pairs) {
    const also = bornAt.filter((j) => matrix[pair.left * width + j] >= threshold);
    if (also.length > 0) split.push([left[pair.left], also.map((j) => right[j])]);
    const from = deadAt.filter((i) => matrix[i * width + pair.right] >= threshold);
    if (from.length > 0) merged.push([right[pair.right], from.map((i) => left[i])]);
  }
  return {
    kept: pairs.map((p) => [left[p.left], right[p.right], p.similarity]),
    born: bornAt.map((j) => right[j]),
    dead: deadAt.map((i) => left[i]),
    split,
    merged,
  };
}
