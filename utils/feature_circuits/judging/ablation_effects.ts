/** What the metric loses when one feature of a graph is ablated, for every feature. */
import { ablated, type CleanPrompt, type Frozen, intervene } from "../interventions/mod.ts";
import { type LogitMetric, metricOf } from "./metric.ts";

/** Bytes that the changes of a batch may take. */
const BATCH_BYTES = 64 * 2 ** 20;

/** Returns the number of runs of a batch. */
export function runsPerBatch({ coders, tokens }: Pick<CleanPrompt, "coders" | "tokens">): number {
  const widest = Math.max(...coders.map(({ config }) => config.features));
  // A batch of neighbours in the order (layer, position, feature) changes two layers at most; each has two arrays.
  return Math.max(1, Math.min(128, Math.floor(BATCH_BYTES / (4 * 4 * tokens.length * widest))));
}

/**
 * Ablates features one by one and returns what the metric loses: its clean value less the value without the feature.
 * @param places (layer, position, feature) of each, `[K, 3]`, in this order
 */
export async function ablationEffects(
  clean: CleanPrompt,
  places: Int32Array,
  metric: LogitMetric,
  frozen: Frozen,
): Promise<Float64Array> {
  const K = places.length / 3, effects = new Float64Array(K), size = runsPerBatch(clean);
  const [before] = metricOf((await intervene(clean, [[]], { frozen })).logits, metric);
  for (let from = 0; from < K; from += size) {
    const lists = Array.from({ length: Math.min(size, K - from) }, (_, i) => {
      const [layer, position, feature] = places.subarray(3 * (from + i), 3 * (from + i) + 3);
      return [ablated(layer, position, feature)];
    });
    const { logits } = await intervene(clean, lists, { frozen });
    metricOf(logits, metric).forEach((after, i) => effects[from + i] = before - after);
  }
  return effects;
}
