/**
 * Feature files of Neuronpedia as SAEDashboard writes them: `batch-{n}.json` with `model_id`, `layer`, `sae_set` and features.
 * What dashboards do not measure, correlated neurons and features and neuron alignment, are empty lists.
 */
import type { DashboardFeature, FeatureDashboards } from "../../results/mod.ts";
import { type FeatureFileOptions, shownExample } from "./circuit_tracer.ts";

/** Features per file. */
export const BATCH_FEATURES = 256;

const centres = (low: number, high: number, n: number) =>
  Array.from({ length: n }, (_, i) => low + (i + 0.5) * (high - low) / n);

/** Returns a feature as SAEDashboard writes it. */
export function neuronpediaFeature(
  dashboards: FeatureDashboards,
  feature: DashboardFeature,
  { vocabulary }: Pick<FeatureFileOptions, "vocabulary">,
  text: { dataset: string; prompts: number; context: number },
): Record<string, unknown> {
  const { id, firings, max, histogram, logits, top = [], bands = [], raised, lowered } = feature;
  const names = (list: readonly number[] = []) =>
    list.filter((_, i) => i % 2 === 0).map((token) => vocabulary[token] ?? `<${token}>`);
  const values = (list: readonly number[] = []) => list.filter((_, i) => i % 2 === 1);
  const activation = (
    stored: readonly number[],
    [bin_min, bin_max, bin_contains]: [number, number, number],
  ) => {
    const { tokens, activations, peak } = shownExample(stored, dashboards.rows, vocabulary);
    return {
      bin_min,
      bin_max,
      bin_contains,
      tokens,
      values: activations,
      qualifying_token_index: peak,
    };
  };
  const share = firings / dashboards.tokens;
  return {
    feature_index: id,
    neuron_alignment_indices: [],
    neuron_alignment_values: [],
    neuron_alignment_l1: [],
    correlated_neurons_indices: [],
    correlated_neurons_pearson: [],
    correlated_neurons_l1: [],
    correlated_features_indices: [],
    correlated_features_pearson: [],
    correlated_features_l1: [],
    pos_str: names(raised),
    pos_values: values(raised),
    neg_str: names(lowered),
    neg_values: values(lowered),
    frac_nonzero: share,
    freq_hist_data_bar_heights: histogram?.counts ?? [],
    freq_hist_data_bar_values: histogram
      ? centres(histogram.low, histogram.high, histogram.counts.length)
      : [],
    logits_hist_data_bar_heights: logits?.counts ?? [],
    logits_hist_data_bar_values: logits
      ? centres(logits.low, logits.high, logits.counts.length)
      : [],
    n_prompts_total: text.prompts,
    n_tokens_in_prompt: text.context,
    dataset: text.dataset,
    decoder_weights_dist: [],
    activations: [
      ...top.map((stored) => activation(stored, [-1, max, 0])),
      ...bands.flatMap(({ low, high, from, to, examples }) =>
        examples.map((stored) => activation(stored, [low, high, share * (to - from)]))
      ),
    ],
  };
}

/** Yields the files of all layers by path, `{layer}/batch-{n}.json`. Features that never fired are left out. */
export function* neuronpediaBatches(
  dashboards: FeatureDashboards,
  options: FeatureFileOptions & { model: string },
  text: { dataset: string; prompts: number; context: number },
): Generator<[path: string, json: string]> {
  const { model, scan } = options;
  for (const { layer, features } of dashboards.layers) {
    for (let from = 0, n = 0; from < features.length; from += BATCH_FEATURES, n++) {
      const part = features.slice(from, from + BATCH_FEATURES).filter(({ firings }) => firings > 0);
      const json = JSON.stringify({
        model_id: model,
        layer,
        sae_set: scan,
        features: part.map((feature) => neuronpediaFeature(dashboards, feature, options, text)),
      });
      yield [`${layer}/batch-${n}.json`, json];
    }
  }
}
