import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { type GraphCase, graphCase } from "../../../tests/support/graph_cases.ts";
import { randomTokens } from "../../../tests/support/random_model.ts";
import { type HookedModel, hookName, type Readout, type RunOptions } from "../../model/mod.ts";
import { tensor } from "../../onnx/mod.ts";
import type { PromptPair } from "../../tasks/mod.ts";
import { coderHook, coderSplice, runCoders } from "../../transcoders/mod.ts";
import { attributionGraph } from "../graph/mod.ts";
import { linearRun } from "../linear/mod.ts";
import { chooseFeatures, equalFrequency } from "./choice.ts";
import { edgeParts } from "./edge_parts.ts";
import { edgeShares, OUTPUT } from "./edges.ts";
import { circuitMetrics } from "./evaluation.ts";
import { ERROR, NodeSpace } from "./node_space.ts";
import { type Ablation, type FeatureTask, taskValues } from "./task_values.ts";

const CASES = ["GPT-NeoX, bare", "sequential GPT-NeoX, MLP input", "GPT-2, stream"];

/** Four prompts of five tokens with a mark at position 2, read at position 4. */
function taskOf({ model, coders }: GraphCase, ablation: Ablation = "mean"): FeatureTask {
  const V = model.config.vocabSize;
  const tokens = (seed: number) => randomTokens(20, V).slice(seed, seed + 5);
  const prompts = [0, 1, 2, 3].map((i): PromptPair => ({
    cleanText: "",
    corruptedText: "",
    clean: tokens(3 * i),
    corrupted: tokens(3 * i + 2),
    position: 4,
    correct: [1 + i],
    wrong: [7 + i],
    marks: { A: 2, END: 4 },
  }));
  const readout: Readout = {
    kind: "logits",
    width: 2,
    ids: Int32Array.from(prompts.flatMap((p) => [...p.correct, ...p.wrong])),
    weights: Float32Array.from(prompts.flatMap(() => [1, -1])),
  };
  return { model, coders, prompts, readout, ablation };
}

const metricOf = (model: HookedModel, { prompts, readout }: FeatureTask, options: RunOptions) =>
  model.metric(prompts.map((p) => p.clean), prompts.map((p) => p.position), readout, options);

const ROLES = ["start", "start", "A", "A+", "END"];

for (const name of CASES) {
  Deno.test(`ablating one node is a change of its layer's MLP output: ${name}`, async () => {
    const task = taskOf(graphCase(name));
    const { model, coders, prompts } = task;
    const values = await taskValues(task);
    const { space } = values;
    assertEquals(space.roles, ["start", "A", "A+", "END"]);
    const corrupted = await runCoders(model, coders, prompts.map((p) => p.corrupted));
    const clean = await runCoders(model, coders, prompts.map((p) => p.clean));
    const d = model.config.dModel, F = 14;
    for (const layer of [0, 2]) {
      // the last MLP acts on the read-out only
      for (const role of layer === 0 ? ["start", "END"] : ["END"]) {
        // the feature that the corrupted prompts activate most there, and the error
        const rows = prompts.flatMap((_, b) =>
          ROLES.flatMap((r, p) => r === role ? [b * 5 + p] : [])
        );
        const meanOf = (f: number) =>
          rows.reduce((sum, row) => sum + corrupted[layer].activations.data[row * F + f], 0) /
          rows.length;
        const feature = Array.from({ length: F }, (_, f) => f)
          .sort((a, b) => meanOf(b) - meanOf(a))[0];
        const number = space.roles.indexOf(role);
        const node = space.index(layer, number, feature);
        assertAlmostEquals(values.ablated[node], meanOf(feature), 1e-5);
        const error = (run: typeof clean, row: number, j: number) =>
          run[layer].target.data[row * d + j] - run[layer].output.data[row * d + j];
        for (const ablateError of [false, true]) {
          const mask = new Uint8Array(space.size).fill(1);
          mask[ablateError ? space.index(layer, number, ERROR) : node] = 0;
          const out = Float32Array.from(clean[layer].target.data);
          for (const row of rows) {
            for (let j = 0; j < d; j++) {
              out[row * d + j] += ablateError
                ? rows.reduce((sum, r) => sum + error(corrupted, r, j), 0) / rows.length -
                  error(clean, row, j)
                : (meanOf(feature) - clean[layer].activations.data[row * F + feature]) *
                  coders[layer].weights.W_dec.data[feature * d + j];
            }
          }
          const patch = { hook: hookName(layer, "hook_mlp_out"), value: tensor(out, [4, 5, d]) };
          const expected = await metricOf(model, task, { patches: [patch] });
          const [found] = await circuitMetrics(task, values, [mask]);
          found.forEach((m, i) => assertAlmostEquals(m, expected[i], 2e-5));
          assert(found.some((m, i) => Math.abs(m - values.metric[i]) > 1e-3), "nothing changed");
        }
      }
    }
  });

  Deno.test(`an effect is the derivative in the model with its errors held: ${name}`, async () => {
    const task = taskOf(graphCase(name), "zero");
    const { model, coders, prompts } = task;
    const { space, effects, metric } = await taskValues(task);
    const splices = coders.map((coder) => coderSplice(coder, "with_error"));
    const points = ["hook_acts", "hook_error"] as const;
    // coders of bare inputs divide by scales that are held too
    const scales = name.includes("bare") ? coders.map((_, l) => hookName(l, "ln2.hook_scale")) : [];
    const read = [
      ...coders.flatMap(({ config }) => points.map((p) => coderHook(config, p))),
      ...scales,
    ];
    const { hooks } = await model.run(prompts.map((p) => p.clean), { splices, read });
    const held = [...coders.map(({ config }) => coderHook(config, "hook_error")), ...scales]
      .map((hook) => ({ hook, value: hooks.get(hook)! }));
    let large = 0;
    for (const layer of [0, 1]) {
      const hook = coderHook(coders[layer].config, "hook_acts");
      const acts = hooks.get(hook)!;
      for (const f of [0, 3, 9]) {
        const scaled = async (by: number) => {
          const data = Float32Array.from(acts.data);
          for (let row = 0; row < 20; row++) {
            if (ROLES[row % 5] === "start") data[row * 14 + f] *= 1 + by;
          }
          const patches = [...held, { hook, value: tensor(data, [...acts.shape]) }];
          return await metricOf(model, task, { splices, patches });
        };
        const [up, down] = [await scaled(0.004), await scaled(-0.004)];
        prompts.forEach((_, i) => {
          const slope = (up[i] - down[i]) / 0.008;
          if (Math.abs(slope) > 0.05) large++;
          const found = effects[i * space.size + space.index(layer, 0, f)];
          assertAlmostEquals(found, slope, 2e-2 * Math.max(0.05, Math.abs(slope)));
        });
      }
    }
    assert(large >= 4, `${large} effects are large enough to compare`);
    const whole = await metricOf(model, task, {});
    metric.forEach((m, i) => assertAlmostEquals(m, whole[i], 1e-5));
  });
}

Deno.test("edge shares are the graph's edges, added up by role and divided by the target's inputs", async () => {
  const task = taskOf(graphCase("GPT-NeoX, bare"));
  const values = await taskValues(task);
  const { space } = values;
  const all = Array.from({ length: space.size }, (_, i) => i)
    .filter((i) => space.at(i).feature !== ERROR);
  const shares = await edgeShares(task, values, [...all, OUTPUT]);
  let compared = 0;
  for (const [i, prompt] of task.prompts.entries()) {
    const run = await linearRun(task.model, task.coders, prompt.clean);
    const { W_U } = await task.model.weights.unembedding();
    const d = task.model.config.dModel;
    const vector = Float32Array.from(
      { length: d },
      (_, j) => W_U.data[prompt.correct[0] * d + j] - W_U.data[prompt.wrong[0] * d + j],
    );
    const graph = await attributionGraph(run, [
      { label: "", hook: "ln_final.hook_out", position: 4, vector, weight: 1 },
    ]);
    const K = graph.activations.length;
    const nameOf = (c: number) => {
      if (c < K) {
        const [layer, p, f] = graph.features.subarray(3 * c, 3 * c + 3);
        return `${layer} ${ROLES[p]} ${f}`;
      }
      const place = Math.floor((c - K) / 5);
      return `${place < 3 ? place : "token"} ${ROLES[(c - K) % 5]} ${place < 3 ? "error" : ""}`;
    };
    const sums = new Map<string, number>(), edges = new Map<string, number>();
    for (let row = 0; row <= K; row++) {
      const target = row === K ? "output" : nameOf(row);
      for (let c = 0; c < K + 20; c++) {
        const edge = graph.edges[row * graph.columns + c];
        const key = `${target} ← ${nameOf(c)}`;
        sums.set(target, (sums.get(target) ?? 0) + Math.abs(edge));
        edges.set(key, (edges.get(key) ?? 0) + edge);
      }
    }
    const label = (node: number) => {
      if (node === OUTPUT) return "output";
      if (node >= space.size) return `token ${space.roles[node - space.size]} `;
      const { layer, role, feature } = space.at(node);
      return `${layer} ${space.roles[role]} ${feature === ERROR ? "error" : feature}`;
    };
    for (const [target, row] of shares) {
      for (const [source, list] of row) {
        const edge = edges.get(`${label(target)} ← ${label(source)}`) ?? 0;
        const sum = sums.get(label(target)) ?? 0;
        assertAlmostEquals(list[i], sum === 0 ? 0 : edge / sum, 2e-5);
        compared++;
      }
    }
  }
  assert(compared > 1000, `${compared} shares`);
});

Deno.test("edgeParts() splits a share: the parts add up to it, and nothing passes directly from one role to another", async () => {
  const task = taskOf(graphCase("sequential GPT-NeoX, MLP input"));
  const values = await taskValues(task);
  const { space } = values;
  const all = Array.from({ length: space.size }, (_, i) => i)
    .filter((i) => space.at(i).feature !== ERROR);
  const shares = await edgeShares(task, values, [...all, OUTPUT], all);
  const pairs = [...shares].flatMap(([target, row]) =>
    [...row.keys()].map((source) => ({ source, target }))
  );
  const parts = await edgeParts(task, values, pairs);
  let [across, direct] = [0, 0];
  pairs.forEach(({ source, target }, e) => {
    const list = shares.get(target)!.get(source)!;
    const mean = list.reduce((a, b) => a + b, 0) / list.length;
    assertAlmostEquals(parts[e].reduce((a, b) => a + b, 0), mean, 2e-6);
    const role = target === OUTPUT ? space.roles.indexOf("END") : space.at(target).role;
    if (space.at(source).role !== role) {
      assertEquals(parts[e][0], 0);
      across = Math.max(across, ...parts[e].map(Math.abs));
    } else direct = Math.max(direct, Math.abs(parts[e][0]));
    // a feature is read before the attention of its layer's successors
    const layer = target === OUTPUT ? 99 : space.at(target).layer;
    parts[e].slice(1).forEach((part, i) => {
      if (Math.floor(i / task.model.config.nHeads) > layer) assertEquals(part, 0);
    });
  });
  assert(
    pairs.length > 100 && across > 0.01 && direct > 0.01,
    `${pairs.length} ${across} ${direct}`,
  );
});

Deno.test("chooseFeatures() finds the smallest size that passes, between the empty and the whole circuit", async () => {
  const task = taskOf(graphCase("GPT-NeoX, bare"));
  const values = await taskValues(task);
  const found = await chooseFeatures(task, values, {
    search: "linear",
    measure: "normalized",
    absolute: true,
    resamples: 5,
    seed: 1,
    threshold: 0.8,
    start: 1,
    end: 500,
    step: 1,
  });
  const { nodes, curve, reached, stability } = found;
  assert(reached && stability! > 0 && stability! <= 1);
  assertEquals(curve.find(({ normalized }) => normalized > 0.8)!.size, nodes.length);
  assertAlmostEquals(curve.at(-1)!.faithfulness, 1, 1e-2);
  assertEquals(found.random.map(({ size }) => size), curve.map(({ size }) => size));
});

Deno.test("equalFrequency() replaces features by others of their layer, role and frequency, and keeps errors", () => {
  const space = new NodeSpace([40], ["A"]);
  // features 0 … 19 fire on all four prompts, 20 … 39 on one
  const masses = new Float32Array(4 * space.size);
  for (let f = 0; f < 40; f++) {
    for (let i = 0; i < (f < 20 ? 4 : 1); i++) masses[i * space.size + f] = 1;
  }
  const error = space.index(0, 0, ERROR);
  const order = [0, 1, error, 20, 2, 21];
  const twins = equalFrequency({ space, masses }, order, 6, 1);
  assertEquals(twins[2], error);
  const features = twins.filter((node) => node !== error);
  assertEquals(features.map((f) => f < 20), [true, true, false, true, false]);
  assert(features.every((f) => !order.includes(f)), `${features}`);
  assertEquals(new Set(features).size, features.length);
});

Deno.test("taskValues() refuses cross-layer coders by name", async () => {
  const task = taskOf(graphCase("GPT-NeoX, cross-layer"));
  await assertRejects(() => taskValues(task), Error, "cross_layer");
});
