/**
 * The one threshold that a BatchTopK coder is saved with: a moving average of the smallest positive score that the batch
 * kept (SAELens' `topk_threshold`). At inference a feature is then active on its own account, whatever else the batch has.
 *
 *   sum ← (1 − r) sum + r s,   weight ← (1 − r) weight + r,   threshold = sum / weight
 *
 * SAELens divides by 1, which pulls the threshold towards its start, 0, by 0.99ᵗ; the weight removes that. A batch without
 * a positive score changes nothing.
 */
import { add, greater, maximum, mul, neg, type Value, where } from "../../../onnx/mod.ts";
import type { NamedValues, TensorSpec } from "../../../training/mod.ts";

/** The average as two carried scalars. */
export const THRESHOLD_STATE: readonly TensorSpec[] = [
  { name: "threshold_sum", shape: [] },
  { name: "threshold_weight", shape: [] },
];

/** Larger than every score. */
const FAR = 3e38;

/** Returns the next average; `scores` are those that the batch kept, `[places]`. */
export function runningThreshold(scores: Value, rate: number, carried: NamedValues): NamedValues {
  const smallest = neg(maximum(neg(where(greater(scores, 0), scores, FAR)), [0]));
  const some = greater(maximum(scores, [0]), 0);
  const moved = (before: Value, now: Value) =>
    where(some, add(mul(before, 1 - rate), mul(now, rate)), before);
  const { threshold_sum, threshold_weight } = carried;
  return {
    threshold_sum: moved(threshold_sum, smallest),
    threshold_weight: moved(threshold_weight, scores.graph.constant(1)),
  };
}

/**
 * Returns the threshold of a run's carried tensors.
 * @throws Error when no batch has had a positive score.
 */
export function batchThreshold(carried: Readonly<Record<string, Float32Array>>): number {
  const weight = carried.threshold_weight?.[0];
  if (!weight) {
    throw new Error(
      `expected a running threshold, found ${
        weight === undefined ? "none" : "one without a batch"
      }: ` +
        "train a BatchTopK coder for a step first",
    );
  }
  return carried.threshold_sum[0] / weight;
}
