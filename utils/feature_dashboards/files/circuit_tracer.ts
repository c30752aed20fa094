/**
 * Feature files of circuit-tracer's viewer, packed:
 *
 *     index.json.gz    {"0": {"filename": "layer_0.bin", "offsets": [F + 1 numbers]}, …}
 *     layer_{l}.bin    a record per feature: length (uint32, little-endian), then JSON compressed with gzip
 *
 * A feature that never fired has no record: its offsets are equal. Each record holds `index` (Cantor pair), `transcoder_id`,
 * `examples_quantiles`, `top_logits`, `bottom_logits`, `act_min`, `act_max`, `quantile_values`, `histogram`,
 * `activation_frequency`.
 */
import { gzipSync } from "node:zlib";
import { cantorPair } from "../../feature_circuits/mod.ts";
import type { DashboardFeature, FeatureDashboards } from "../../results/mod.ts";

/** What the files say besides the dashboards. */
export interface FeatureFileOptions {
  /** text of each token */
  vocabulary: readonly string[];
  /** name of the set of transcoders */
  scan: string;
}

/** An example as the viewers show it. */
export interface ShownExample {
  /** text of each token */
  tokens: string[];
  /** activation of each token */
  activations: number[];
  /** place of the peak in both lists */
  peak: number;
}

/** Returns a stored example as lists. */
export function shownExample(
  [row, peak, from, end, ...pairs]: readonly number[],
  rows: FeatureDashboards["rows"],
  vocabulary: readonly string[],
): ShownExample {
  const tokens = rows[row].slice(from, end).map((id) => vocabulary[id] ?? `<${id}>`);
  const activations = tokens.map(() => 0);
  for (let i = 0; i < pairs.length; i += 2) activations[pairs[i] - from] = pairs[i + 1];
  return { tokens, activations, peak: peak - from };
}

/** Returns a feature as circuit-tracer's viewer reads it. */
export function circuitTracerFeature(
  dashboards: FeatureDashboards,
  layer: number,
  feature: DashboardFeature,
  { vocabulary, scan }: FeatureFileOptions,
): Record<string, unknown> {
  const { top = [], bands = [], raised = [], lowered = [], histogram, max, firings } = feature;
  const examples = (list: readonly number[][]) =>
    list.map((stored) => {
      const { tokens, activations, peak } = shownExample(stored, dashboards.rows, vocabulary);
      return {
        tokens,
        tokens_acts_list: activations,
        train_token_ind: peak,
        is_repeated_datapoint: false,
      };
    });
  const texts = (list: readonly number[]) =>
    list.filter((_, i) => i % 2 === 0).map((id) => vocabulary[id] ?? `<${id}>`);
  return {
    transcoder_id: scan,
    index: cantorPair(layer, feature.id),
    examples_quantiles: [
      { quantile_name: "Top activations", examples: examples(top) },
      ...bands.map((band) => ({
        quantile_name: `Firings ${band.from} to ${band.to}`,
        examples: examples(band.examples),
      })),
    ],
    top_logits: texts(raised),
    bottom_logits: texts(lowered),
    act_min: 0,
    act_max: max,
    quantile_values: bands.map(({ high }) => high),
    histogram: histogram?.counts ?? [],
    activation_frequency: firings / dashboards.tokens,
  };
}

/** Yields the files by name; see the header. The index comes last. */
export function* circuitTracerFeatures(
  dashboards: FeatureDashboards,
  options: FeatureFileOptions,
): Generator<[name: string, bytes: Uint8Array]> {
  const index: Record<string, { filename: string; offsets: number[] }> = {};
  for (const { layer, features } of dashboards.layers) {
    const offsets = [0], records: Uint8Array[] = [];
    for (const feature of features) {
      let size = 0;
      if (feature.firings > 0) {
        const json = JSON.stringify(circuitTracerFeature(dashboards, layer, feature, options));
        const body = gzipSync(new TextEncoder().encode(json));
        const length = new Uint8Array(4);
        new DataView(length.buffer).setUint32(0, body.length, true);
        records.push(length, body);
        size = 4 + body.length;
      }
      offsets.push(offsets.at(-1)! + size);
    }
    const bytes = new Uint8Array(offsets.at(-1)!);
    let at = 0;
    for (const record of records) {
      bytes.set(record, at);
      at += record.length;
    }
    const filename = `layer_${layer}.bin`;
    index[layer] = { filename, offsets };
    yield [filename, bytes];
  }
  yield ["index.json.gz", gzipSync(new TextEncoder().encode(JSON.stringify(index)))];
}
