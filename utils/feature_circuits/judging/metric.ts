/** The metric that a graph is judged by: a sum of logits with weights, such as a logit difference. */
import type { F32 } from "../../onnx/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { GraphTarget } from "../graph/mod.ts";

/** Σ weight·logit at the last position. */
export interface LogitMetric {
  /** token ids */
  ids: ArrayLike<number>;
  /** weight of each */
  weights: ArrayLike<number>;
}

/** Returns the metric of each row of logits `[batch, V]`. */
export function metricOf(
  { data, shape: [batch, V] }: F32,
  { ids, weights }: LogitMetric,
): number[] {
  return Array.from({ length: batch }, (_, b) => {
    let sum = 0;
    for (let i = 0; i < ids.length; i++) sum += weights[i] * data[b * V + ids[i]];
    return sum;
  });
}

/** Returns the metric as the target of a graph, of weight 1. */
export async function metricTarget(
  model: HookedModel,
  position: number,
  { ids, weights }: LogitMetric,
): Promise<GraphTarget> {
  const { W_U: { data, shape: [, d] }, b_U } = await model.weights.unembedding();
  const vector = new Float64Array(d);
  let constant = 0;
  for (let i = 0; i < ids.length; i++) {
    for (let j = 0; j < d; j++) vector[j] += weights[i] * data[ids[i] * d + j];
    if (b_U) constant += weights[i] * b_U.data[ids[i]];
  }
  return { label: "metric", hook: "ln_final.hook_out", position, vector, constant, weight: 1 };
}
