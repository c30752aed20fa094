/**
 * Total effects in the frozen model: what a feature adds to the targets over all paths of the graph, with signs. A feature that
 * loses the share c of its activation takes c times its edge from each feature above, whose activation falls by the same number:
 *
 *     total[s] = Σ_targets w·A[target, s] + Σ_features t  total[t]/a_t · A[t, s]
 *
 * Influence has absolute values, and divides rows by their sums; this has neither, so it is what an ablation would do if every
 * active feature stayed active and nothing new became active.
 */
import type { AttributionGraph } from "../graph/mod.ts";

/** Returns the total effect of every feature on the weighted sum of the targets, `[K]`. */
export function totalEffects(graph: AttributionGraph): Float64Array {
  const { activations, edges, columns, targets } = graph;
  const K = activations.length, total = new Float64Array(K);
  const spread = (row: number, factor: number) => {
    if (factor === 0) return;
    for (let s = 0; s < K; s++) total[s] += factor * edges[row * columns + s];
  };
  targets.forEach(({ weight }, t) => spread(K + t, weight));
  // Sources come before what they act on, so one pass from the last feature down does.
  for (let t = K - 1; t >= 0; t--) spread(t, total[t] / activations[t]);
  return total;
}

/** Returns the direct effect of every feature on the weighted sum of the targets, `[K]`. */
export function directEffects(graph: AttributionGraph): Float64Array {
  const { activations: { length: K }, edges, columns, targets } = graph;
  const direct = new Float64Array(K);
  targets.forEach(({ weight }, t) => {
    for (let s = 0; s < K; s++) direct[s] += weight * edges[(K + t) * columns + s];
  });
  return direct;
}
