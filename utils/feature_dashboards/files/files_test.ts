import { assert, assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { madeUpDashboards } from "../../../plotting/testing/made_up_dashboards.ts";
import { cantorPair } from "../../feature_circuits/mod.ts";
import { circuitTracerFeatures } from "./circuit_tracer.ts";
import { neuronpediaBatches } from "./neuronpedia.ts";

const { header: { vocabulary }, entries } = madeUpDashboards(300);
const dashboards = entries.get(512)!;

/** Reads a packed record as circuit-tracer's viewer does: a byte range, a length, gzip. */
function record(bin: Uint8Array, [from, to]: [number, number]) {
  const part = bin.slice(from, to), length = new DataView(part.buffer).getUint32(0, true);
  assertEquals(length, part.length - 4);
  return JSON.parse(gunzipSync(part.subarray(4)).toString());
}

Deno.test("circuit-tracer's packed features: every record is at its offsets", () => {
  const files = new Map(circuitTracerFeatures(dashboards, { vocabulary, scan: "set" }));
  const index = JSON.parse(gunzipSync(files.get("index.json.gz")!).toString());
  assertEquals(Object.keys(index), ["0", "1"]);
  for (const layer of [0, 1]) {
    const { filename, offsets } = index[layer], bin = files.get(filename)!;
    assertEquals(offsets.length, 301);
    assertEquals(offsets.at(-1), bin.length);
    assertEquals(offsets[3], offsets[4]); // never fired
    for (const id of [0, 17, 299]) {
      const found = record(bin, [offsets[id], offsets[id + 1]]);
      assertEquals(found.index, cantorPair(layer, id));
      assertEquals(found.top_logits, [" Mary", vocabulary[6]]);
      assertEquals(found.bottom_logits, [" cat"]);
      assertEquals(found.activation_frequency, (100 + id) / 20_000);
      const names = found.examples_quantiles.map((q: { quantile_name: string }) => q.quantile_name);
      assertEquals(names, ["Top activations", "Firings 0.5 to 1"]);
      const [example] = found.examples_quantiles[0].examples;
      assertEquals(example.train_token_ind, id % 12);
      assertEquals(example.tokens.length, example.tokens_acts_list.length);
      assertEquals(example.tokens_acts_list[id % 12], 2.5);
      assertEquals(example.tokens[1], " Mary");
    }
  }
});

Deno.test("Neuronpedia's batches: features of 256 numbers each, with SAEDashboard's keys", () => {
  const text = { dataset: "made up", prompts: 40, context: 12 };
  const options = { vocabulary, scan: "set", model: "made-up" };
  const files = new Map(neuronpediaBatches(dashboards, options, text));
  assertEquals([...files.keys()], [
    "0/batch-0.json",
    "0/batch-1.json",
    "1/batch-0.json",
    "1/batch-1.json",
  ]);
  const batch = JSON.parse(files.get("1/batch-1.json")!);
  assertEquals([batch.model_id, batch.layer, batch.sae_set], ["made-up", 1, "set"]);
  assertEquals(
    batch.features.map((f: { feature_index: number }) => f.feature_index),
    Array.from({ length: 44 }, (_, i) => 256 + i),
  );
  const [feature] = batch.features;
  const lists = Object.keys(feature).filter((key) => Array.isArray(feature[key]));
  for (
    const key of [
      "pos_str",
      "neg_values",
      "freq_hist_data_bar_heights",
      "logits_hist_data_bar_values",
      "correlated_neurons_l1",
      "neuron_alignment_indices",
    ]
  ) {
    assert(lists.includes(key), key);
  }
  assertEquals(feature.frac_nonzero, 356 / 20_000);
  assertEquals(feature.freq_hist_data_bar_values, [0.4, 1.2, 2, 2.8, 3.6].map((x) => x));
  const [top, sampled] = feature.activations;
  assertEquals([top.bin_min, top.bin_contains], [-1, 0]);
  assertEquals(sampled.bin_max, 2.5);
  assertEquals(top.values[top.qualifying_token_index], 2.5);
});
