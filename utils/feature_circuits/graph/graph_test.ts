import { assert, assertEquals, assertRejects } from "@std/assert";
import { type AttributionGraph, attributionGraph, graphRows } from "./graph.ts";
import { conservation } from "./conservation.ts";
import { decoderRow, type LinearRun, linearRun } from "../linear/linear_run.ts";
import { featureTarget, logitDifference, logitTargets, neuronTarget } from "./targets.ts";
import { UserError } from "../../base/mod.ts";
import { hookName, isRms } from "../../model/mod.ts";
import { readsBare, readsMlpInput } from "../../transcoders/mod.ts";
import { type AddedVector, frozenStreams } from "../../../tests/support/frozen_model.ts";
import { GRAPH_CASES, graphCase } from "../../../tests/support/graph_cases.ts";

const isLinear = (name: string) => name.includes("linear path");

async function runOf(name: string, ignore?: number[]): Promise<LinearRun> {
  const { model, coders, tokens } = graphCase(name);
  return await linearRun(model, coders, tokens, { ignore });
}

/** Largest difference of two arrays, relative to the largest value of the second. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assertEquals(a.length, b.length);
  let most = 0, scale = 0;
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return most / scale;
}

for (const name of GRAPH_CASES) {
  for (const ignore of [[], [0]]) {
    Deno.test(`the edges into every node add up to its value: ${name}, ignoring [${ignore}]`, async () => {
      const run = await runOf(name, ignore);
      const graph = await attributionGraph(run, await logitTargets(run, { most: 4 }));
      assert(graph.activations.length > 20, `${graph.activations.length} features`);
      const { ofLargest, ofOwn } = conservation(graph);
      assert(ofLargest < 1e-5 && ofOwn < 1e-6, `${ofLargest} ${ofOwn}`);
    });
  }
}

/** The pre-activations of all active features, from streams, in plain loops. */
function preActivations(
  run: LinearRun,
  norms: { w: Float32Array; b: Float32Array }[],
  streams: { pre: Float32Array[]; mid: Float32Array[] },
): number[] {
  const { places, count } = run.features, d = run.model.config.dModel;
  return Array.from({ length: count }, (_, i) => {
    const [layer, p, f] = places.subarray(3 * i, 3 * i + 3);
    const coder = run.coders[layer];
    const before = coder.config.inputHook.endsWith("hook_resid_pre");
    const stream = (before ? streams.pre : streams.mid)[layer];
    const x = Array.from(stream.subarray(p * d, (p + 1) * d));
    const mean = isRms(run.model.config) ? 0 : x.reduce((a, b) => a + b, 0) / d;
    const scale = run.ln2[layer][p];
    const { w, b } = norms[layer];
    const input = x.map((v, j) => {
      if (readsBare(coder)) return (v - mean) / scale;
      if (readsMlpInput(coder)) return (v - mean) / scale * w[j] + b[j];
      return v;
    });
    const { W_enc, b_enc } = coder.weights;
    return input.reduce((sum, v, j) => sum + v * W_enc.data[f * d + j], b_enc.data[f]);
  });
}

/** What is added to remove, or to repeat, sources of a graph. */
function writtenBy(run: LinearRun, feature: number, factor: number): AddedVector[] {
  const { places, activations } = run.features;
  const [layer, position, f] = places.subarray(3 * feature, 3 * feature + 3);
  const { decoderLayers = [layer] } = run.coders[layer].config;
  return decoderLayers.map((to) => ({
    hook: hookName(to, "hook_mlp_out"),
    position,
    vector: decoderRow(run.coders[layer], f, to).map((x) => factor * activations[feature] * x),
  }));
}

for (const name of GRAPH_CASES.filter((name) => !isLinear(name))) {
  Deno.test(`an edge is what an ablation in the frozen model does: ${name}`, async () => {
    const run = await runOf(name);
    const graph = await attributionGraph(run, [await logitDifference(run, 3, 5)]);
    const { count: K } = run.features, { dModel: d, nLayers: L } = run.model.config;
    const n = run.tokens.length;
    const layers = Array.from({ length: L }, (_, l) => l);
    const norms = await Promise.all(layers.map(async (l) => {
      const { ln2_w, ln2_b } = await run.model.weights.layer(l);
      return { w: ln2_w.data, b: ln2_b.data };
    }));
    const clean = preActivations(run, norms, await frozenStreams(run.model, run.tokens, []));
    const check = async (column: number, added: AddedVector[], factor: number) => {
      const streams = await frozenStreams(run.model, run.tokens, added);
      const changed = preActivations(run, norms, streams).map((x, i) => (x - clean[i]) / factor);
      const edges = Array.from({ length: K }, (_, r) => graph.edges[r * graph.columns + column]);
      const scale = Math.max(...graph.values.map(Math.abs));
      const worst = Math.max(...edges.map((edge, i) => Math.abs(edge - changed[i])));
      assert(worst < 1e-5 * scale, `column ${column}: ${worst} of ${scale}`);
    };
    // Removed, and five times more of it: the frozen model's second derivative is zero.
    for (let i = 0; i < K; i += 9) {
      for (const factor of [-1, 5]) await check(i, writtenBy(run, i, factor), factor);
    }
    for (let p = 0; p < n; p++) {
      const error = run.errors[1].subarray(p * d, (p + 1) * d);
      await check(
        K + n + p,
        [{ hook: hookName(1, "hook_mlp_out"), position: p, vector: error }],
        1,
      );
      const token = run.embedding.slice(p * d, (p + 1) * d);
      if (run.positionEmbedding) {
        token.forEach((_, i) => token[i] += run.positionEmbedding![p * d + i]);
      }
      await check(K + L * n + p, [{ hook: "hook_embed", position: p, vector: token }], 1);
    }
  });
}

Deno.test("targets have the model's own values, and a feature's row as a target is its row", async () => {
  for (const name of ["GPT-NeoX, bare", "GPT-2, folded", "folded GPT-2, folded MLP input"]) {
    const run = await runOf(name);
    const { model, tokens, features } = run, last = tokens.length - 1;
    const hook = hookName(2, "mlp.hook_pre");
    const logits = (await model.logits([[...tokens]], [last])).data;
    const { hooks } = await model.run([[...tokens]], { read: [hook] });
    const i = features.count - 2;
    const [layer, position, f] = features.places.subarray(3 * i, 3 * i + 3);
    const graph = await attributionGraph(run, [
      await logitDifference(run, 3, 5),
      await neuronTarget(model, 2, 1, 7),
      featureTarget(run, layer, position, f),
    ]);
    const K = features.count, { columns, edges, values } = graph;
    const neuron = hooks.get(hook)!.data[1 * model.config.dMlp + 7];
    assert(difference(values.subarray(K, K + 2), [logits[3] - logits[5], neuron]) < 1e-5);
    const row = (r: number) => edges.subarray(r * columns, (r + 1) * columns);
    assert(difference(row(K + 2), row(i)) < 1e-6);
    assert(conservation(graph).ofLargest < 1e-5);
  }
});

Deno.test("rows in batches of one give the same edges", async () => {
  const run = await runOf("GPT-2, bare, linear path");
  const graph = await attributionGraph(run, await logitTargets(run, { most: 3 }));
  const rows = await graphRows(run, { bytes: 1 });
  const features = Array.from({ length: run.features.count }, (_, i) => rows.featureRow(i));
  const { columns } = graph;
  const data = new Float32Array(features.length * columns);
  await rows.walk.edges(features, { data, offset: (r) => r * columns });
  features.forEach((_, i) =>
    data[i * columns + rows.sources.bias("reading")] += rows.featureConstant(i)
  );
  assert(difference(data, graph.edges.subarray(0, data.length)) < 1e-6);
});

/** Rows and columns of chosen features in a graph of all. */
function restricted(graph: AttributionGraph, chosen: number[]): number[] {
  const K = graph.activations.length, { columns } = graph;
  const rows = [...chosen, ...graph.targets.map((_, t) => K + t)];
  return rows.flatMap((r) => chosen.map((c) => graph.edges[r * columns + c]));
}

Deno.test("a cap keeps rows and columns of the chosen features, and conservation by what is left out", async () => {
  const run = await runOf("GPT-NeoX, cross-layer");
  const targets = await logitTargets(run, { most: 4 });
  const whole = await attributionGraph(run, targets);
  const capped = await attributionGraph(run, targets, { maxFeatures: 11, perRanking: 4 });
  const place = (g: AttributionGraph, i: number) => String(g.features.subarray(3 * i, 3 * i + 3));
  const all = Array.from(whole.activations, (_, i) => place(whole, i));
  const chosen = Array.from(capped.activations, (_, i) => all.indexOf(place(capped, i)));
  assertEquals(chosen, [...chosen].sort((a, b) => a - b));
  assertEquals(chosen.length, 11);
  assertEquals(capped.leftOut!.features, all.length - 11);
  assert(capped.leftOut!.influence > 0 && capped.leftOut!.influence < 1);
  const kept = Array.from({ length: 11 }, (_, i) => i);
  assertEquals(restricted(capped, kept).length, restricted(whole, chosen).length);
  assert(difference(restricted(capped, kept), restricted(whole, chosen)) < 1e-6);
  assert(conservation(capped).ofLargest < 1e-5);
});

Deno.test("a graph beyond the memory budget is refused with the estimate and what to change", async () => {
  const run = await runOf("GPT-NeoX, bare");
  const targets = await logitTargets(run);
  const error = await assertRejects(
    () => attributionGraph(run, targets, { memoryBudget: 1e6 }),
    UserError,
  );
  assert(
    /needs about 0\.\d+ GB.*budget is 0\.00 GB.*maxFeatures/.test(error.message),
    error.message,
  );
});

Deno.test("a cap that is not a whole number from 1 on is refused", async () => {
  const run = await runOf("GPT-NeoX, bare");
  const targets = await logitTargets(run);
  for (const maxFeatures of [0, 2.5, -1]) {
    await assertRejects(
      () => attributionGraph(run, targets, { maxFeatures }),
      Error,
      "maxFeatures",
    );
  }
});

Deno.test("a run names a layer without its coder and a position that the prompt does not have", async () => {
  const { model, coders, tokens } = graphCase("GPT-NeoX, bare");
  await assertRejects(() => linearRun(model, coders.slice(1), tokens), Error, "2 coders");
  const swapped = [coders[0], coders[0], coders[2]];
  await assertRejects(() => linearRun(model, swapped, tokens), Error, "blocks.1.hook_mlp_out");
  await assertRejects(() => linearRun(model, coders, tokens, { ignore: [5] }), Error, "0 … 4");
});
