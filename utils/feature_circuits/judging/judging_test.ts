import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ablationEffects, runsPerBatch } from "./ablation_effects.ts";
import { MASK_KINDS, maskedMetrics } from "./circuit_masks.ts";
import { featureStatistics } from "./feature_statistics.ts";
import { judgePrompt, type PromptJudgement } from "./judge.ts";
import { matchedFeatures, writtenNorms } from "./matched_features.ts";
import { metricOf, metricTarget } from "./metric.ts";
import { ranks, spearman } from "./rank_correlation.ts";
import { summariseJudgements } from "./summary.ts";
import { directEffects, totalEffects } from "./total_effects.ts";
import { attributionGraph } from "../graph/graph.ts";
import { linearRun } from "../linear/linear_run.ts";
import { cleanPrompt } from "../interventions/mod.ts";
import { replacement, runCoders } from "../../transcoders/mod.ts";
import { GRAPH_CASES, graphCase } from "../../../tests/support/graph_cases.ts";
import { PLANTED, plantedCircuit } from "../../../tests/support/planted_circuit.ts";

Deno.test("Spearman's ρ of lists with ties", () => {
  assertEquals([...ranks([30, 10, 20, 10])], [4, 1.5, 3, 1.5]);
  assertAlmostEquals(spearman([1, 2, 3, 4], [1, 10, 100, 1000]), 1, 1e-12);
  assertAlmostEquals(spearman([1, 2, 3, 4], [5, 3, 2, 1]), -1, 1e-12);
  // Without ties: 1 − 6Σd²/(n(n² − 1)); here d = 1, 1, 1, 1, 0.
  assertAlmostEquals(spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]), 1 - 6 * 4 / (5 * 24), 1e-12);
  assert(Number.isNaN(spearman([1, 1, 1], [1, 2, 3])));
  assertThrows(() => spearman([1, 2, 3], [1, NaN, 3]), Error, "found NaN at place 1");
});

/** Total effects by walking every path of a graph, with the target's weight. */
function byPaths(
  rows: (row: number, source: number) => number,
  activations: ArrayLike<number>,
  source: number,
): number {
  const K = activations.length;
  let sum = rows(K, source);
  for (let t = source + 1; t < K; t++) {
    const edge = rows(t, source);
    if (edge !== 0) sum += edge * byPaths(rows, activations, t) / activations[t];
  }
  return sum;
}

Deno.test("the total effect is the sum over all paths", async () => {
  for (const name of ["GPT-2, stream", "GPT-NeoX, cross-layer"]) {
    const { model, coders, tokens } = graphCase(name);
    const run = await linearRun(model, coders, tokens.slice(0, 2));
    const metric = { ids: [3, 5], weights: [1, -1] };
    const graph = await attributionGraph(run, [await metricTarget(model, 1, metric)]);
    const { edges, columns, activations } = graph;
    const total = totalEffects(graph), direct = directEffects(graph);
    const scale = Math.max(...total.map(Math.abs));
    let indirect = 0;
    for (let s = 0; s < activations.length; s++) {
      const expected = byPaths((r, c) => edges[r * columns + c], activations, s);
      assertAlmostEquals(total[s], expected, 1e-5 * scale);
      indirect = Math.max(indirect, Math.abs(total[s] - direct[s]));
    }
    assert(indirect > 0.01 * scale);
    model.close();
  }
});

Deno.test("with everything frozen, ablations in batches have the direct effects", async () => {
  const { model, coders, tokens } = graphCase("GPT-2, bare, linear path");
  const metric = { ids: [3, 5], weights: [1, -1] };
  const run = await linearRun(model, coders, tokens);
  const target = await metricTarget(model, tokens.length - 1, metric);
  const graph = await attributionGraph(run, [target]);
  const clean = await cleanPrompt(model, coders, tokens);
  const direct = directEffects(graph), scale = Math.max(...direct.map(Math.abs));
  const times = Math.ceil(1.5 * runsPerBatch(clean) / direct.length);
  const places = Array.from({ length: times }, () => [...graph.features]).flat();
  const effects = await ablationEffects(clean, Int32Array.from(places), metric, "direct");
  assertEquals(effects.length, times * direct.length);
  effects.forEach((effect, i) =>
    assertAlmostEquals(effect, direct[i % direct.length], 1e-5 * scale)
  );
});

Deno.test("the metric's target has the metric's value", async () => {
  const { model, coders, tokens } = graphCase("GPT-2, stream");
  const metric = { ids: [3, 5, 7], weights: [0.5, 0.5, -1] };
  const position = tokens.length - 1;
  const run = await linearRun(model, coders, tokens);
  const graph = await attributionGraph(run, [await metricTarget(model, position, metric)]);
  const [value] = metricOf(await model.logits([tokens], [position]), metric);
  assertAlmostEquals(graph.values.at(-1)!, value, 1e-5);
});

Deno.test("statistics count every position of every prompt once", async () => {
  const { model, coders, tokens } = graphCase("GPT-NeoX, bare");
  const prompts = [tokens, tokens.slice(0, 2), tokens.slice(1)];
  const { means, frequencies } = await featureStatistics(model, coders, prompts);
  const F = coders[1].config.features, sums = new Float64Array(F), counts = new Float64Array(F);
  for (const prompt of prompts) {
    const [, { activations }] = await runCoders(model, coders, [prompt]);
    activations.data.forEach((a, i) => {
      sums[i % F] += a;
      counts[i % F] += Number(a !== 0);
    });
  }
  for (let f = 0; f < F; f++) {
    assertAlmostEquals(means[1][f], sums[f] / 11, 1e-6);
    assertAlmostEquals(frequencies[1][f], counts[f] / 11, 1e-12);
  }
  assert(counts.some((n) => n > 0));
  await assertRejects(() => featureStatistics(model, coders, []), Error, "at least one prompt");
});

for (const name of GRAPH_CASES) {
  Deno.test(`masks have the model and its replacement as their limits: ${name}`, async () => {
    const { model, coders, tokens } = graphCase(name);
    const clean = await cleanPrompt(model, coders, tokens);
    const statistics = await featureStatistics(model, coders, [tokens]);
    const metric = { ids: [3, 5], weights: [1, -1] };
    const at = [tokens.length - 1];
    const run = await linearRun(model, coders, tokens);
    const everything = Array.from(
      { length: run.features.count },
      (_, i) => run.features.places.subarray(3 * i, 3 * i + 3),
    );
    const [whole] = metricOf(await model.logits([tokens], at), metric);
    for (const fill of ["zero", "mean"] as const) {
      const options = { fill, errors: "kept" as const, attention: "free" as const };
      const circuits = [everything, []];
      const found = await maskedMetrics(clean, circuits, metric, statistics, options);
      assertAlmostEquals(found.full, whole, 1e-5);
      assertAlmostEquals(found.only[1], found.none, 1e-6);
      assertAlmostEquals(found.without[1], found.full, 1e-6);
      // Features that do not fire in the clean run stay off, or at their mean, so a zero mask changes nothing here.
      if (fill === "zero") {
        assertAlmostEquals(found.only[0], whole, 1e-5);
      }
    }
    if (coders[0].config.kind === "cross_layer") return;
    const options = { fill: "zero", errors: "dropped", attention: "free" } as const;
    const { full } = await maskedMetrics(clean, [], metric, statistics, options);
    const replaced = await model.logits([tokens], at, replacement(model, { coders }));
    assertAlmostEquals(full, metricOf(replaced, metric)[0], 1e-5);
  });
}

Deno.test("random features are of the same layer and position, as frequent and as large", () => {
  // Two layers; feature f of layer 0 at position 0 has activation f + 1 and frequency (f + 1)/20.
  const { coders } = graphCase("GPT-NeoX, bare");
  const count = coders[0].config.features;
  const features = Int32Array.from({ length: 3 * count }, (_, i) => i % 3 === 2 ? (i - 2) / 3 : 0);
  const unit = coders.map(({ config, weights }) => ({
    config,
    weights: {
      ...weights,
      W_dec: {
        ...weights.W_dec,
        data: weights.W_dec.data.map((_, i) => Number(i % config.dOut === 0)),
      },
    },
  }));
  const activations = Float32Array.from({ length: count }, (_, f) => f + 1);
  const graph = { features, activations };
  const frequencies = [Float64Array.from(activations, (a) => a / 20)];
  const statistics = { means: [], frequencies };
  assertEquals([...writtenNorms(graph, unit)], [...activations]);
  const seen = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    const { drawn, unmatched } = matchedFeatures(graph, unit, statistics, [8], seed);
    assertEquals([drawn.length, unmatched], [1, 0]);
    seen.add(drawn[0]);
  }
  // The nearest of 9 by ratio are 10, 8 and 11 or 7: |log 9/8| = 0.118, |log 9/10| = 0.105, |log 9/11| = 0.20, |log 9/7| = 0.25.
  assertEquals([...seen].sort((a, b) => a - b), [7, 9, 10]);
  const all = Array.from({ length: count }, (_, i) => i);
  assertEquals(matchedFeatures(graph, unit, statistics, all, 1), { drawn: [], unmatched: count });
});

Deno.test("a planted circuit is sufficient and necessary, and random features are neither", async () => {
  const { a, b, answer } = PLANTED;
  const { model, coders } = await plantedCircuit(0.05);
  const prompts = [[0, a, b, 5], [3, b, a, 4], [0, a, b, 6]].map((tokens) => ({
    tokens,
    metric: { ids: [answer, 0], weights: [1, -1] },
  }));
  const others = [[0, 3, 4, 5], [3, 6, 7, 4], [0, 8, 6, 7], [0, a, 4, 5], [6, b, 3, 4]];
  const statistics = await featureStatistics(model, coders, [
    ...prompts.map(({ tokens }) => tokens),
    ...others,
  ]);
  const judged = [];
  for (const prompt of prompts) {
    judged.push(
      await judgePrompt(model, coders, prompt, statistics, {
        nodeThreshold: 0.95,
        edgeThreshold: 0.9,
        controls: 3,
      }),
    );
  }
  for (const { circuit, metric, masks } of judged) {
    assertEquals(circuit, 3);
    for (const mask of masks) {
      if (mask.errors === "kept") assertAlmostEquals(mask.full, metric, 1e-5);
    }
  }
  const { masks, metric } = summariseJudgements(judged);
  assert(metric.interval[0] <= metric.value && metric.value <= metric.interval[1]);
  for (const mask of masks) {
    // A mean still has a part of what fires in some of the prompts.
    const least = mask.fill === "zero" ? 0.95 : 0.7;
    const { sufficiency, necessity, random_sufficiency, random_necessity } = mask;
    for (const { value } of [sufficiency!, necessity!]) assert(value > least && value < 1.05);
    for (const { value } of [random_sufficiency!, random_necessity!]) {
      assert(Math.abs(value) < 0.01, `${value}`);
    }
  }
  model.close();
});

Deno.test("a ratio is one of means, and is left out where masks may raise or lower the metric", () => {
  const ranks = {
    influence: null,
    total: null,
    direct: null,
    signed: null,
    strongest: null,
    norm: null,
  };
  const judged = (full: number, only: number): PromptJudgement => ({
    metric: full,
    features: 9,
    connected: 9,
    circuit: 2,
    unmatched: 0,
    replacement: 1,
    completeness: 1,
    frozen_attention: ranks,
    free: ranks,
    masks: MASK_KINDS.map((kind) => ({
      ...kind,
      full,
      none: 0,
      only,
      without: full / 4,
      random_only: 0,
      random_without: full,
    })),
  });
  const [{ sufficiency, necessity, random_necessity }] =
    summariseJudgements([judged(1, 1), judged(3, 1)]).masks;
  // (1 + 1) / (1 + 3), where the mean of ratios is 2/3; resamples take one prompt twice.
  assertEquals(sufficiency, { value: 0.5, interval: [1 / 3, 1] });
  assertEquals(necessity, { value: 0.75, interval: [0.75, 0.75] });
  assertEquals(random_necessity!.value, 0);
  for (const mask of summariseJudgements([judged(1, 1), judged(-0.9, 1)]).masks) {
    assertEquals([mask.sufficiency, mask.necessity, mask.random_sufficiency], [null, null, null]);
  }
});
