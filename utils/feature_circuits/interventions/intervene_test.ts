import { assert, assertEquals, assertRejects } from "@std/assert";
import { ablated, type Intervention } from "./change.ts";
import { type CleanPrompt, cleanPrompt } from "./clean_prompt.ts";
import { type Frozen, intervene } from "./intervene.ts";
import { attributionGraph } from "../graph/graph.ts";
import { logitDifference } from "../graph/targets.ts";
import { decoderRow, linearRun, writesTo } from "../linear/linear_run.ts";
import { hookName, type Patch } from "../../model/mod.ts";
import { crossLayerReplacement, replacement } from "../../transcoders/mod.ts";
import { GRAPH_CASES, graphCase } from "../../../tests/support/graph_cases.ts";

async function cleanOf(name: string): Promise<CleanPrompt> {
  const { model, coders, tokens } = graphCase(name);
  return await cleanPrompt(model, coders, tokens);
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

/** Places of active features, every `step`-th: layer, position, feature. */
function activePlaces({ activations }: CleanPrompt, step: number): [number, number, number][] {
  const all = activations.flatMap(({ data, shape: [, n, F] }, layer) =>
    Array.from({ length: n * F }, (_, i) => i).filter((i) => data[i] !== 0)
      .map((i): [number, number, number] => [layer, Math.floor(i / F), i % F])
  );
  return all.filter((_, i) => i % step === 0);
}

/** Row of a batch. */
const row = ({ data, shape }: { data: Float32Array; shape: readonly number[] }, r: number) => {
  const width = data.length / shape[0];
  return data.subarray(r * width, (r + 1) * width);
};

for (const name of GRAPH_CASES) {
  Deno.test(`with everything frozen an ablation takes its edges away: ${name}`, async () => {
    const clean = await cleanOf(name);
    const run = await linearRun(clean.model, clean.coders, clean.tokens);
    const graph = await attributionGraph(run, [await logitDifference(run, 3, 5)]);
    const { features, activations: { length: K }, columns, edges, values } = graph;
    const nodes = Array.from({ length: K }, (_, i) => i).filter((i) => i % 5 === 0);
    const place = (i: number) => features.subarray(3 * i, 3 * i + 3);
    const lists = nodes.map((i) => {
      const [layer, position, feature] = place(i);
      return [ablated(layer, position, feature)];
    });
    const { logits, preActivations } = await intervene(clean, [[], ...lists], {
      frozen: "direct",
      preActivations: true,
    });
    const scale = values.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    const target = (r: number) => row(logits, r)[3] - row(logits, r)[5];
    const pre = (r: number, i: number) => {
      const [layer, p, f] = place(i), values = preActivations![layer];
      return row(values, r)[p * values.shape[2] + f];
    };
    for (const [r, node] of nodes.entries()) {
      for (let i = 0; i < K; i++) {
        const wrong = Math.abs(pre(0, i) - pre(r + 1, i) - edges[i * columns + node]);
        assert(wrong < 1e-5 * scale, `edge ${node} → ${i}: ${wrong} of ${scale}`);
      }
      const wrong = Math.abs(target(0) - target(r + 1) - edges[K * columns + node]);
      assert(wrong < 1e-5 * scale, `edge ${node} → target: ${wrong} of ${scale}`);
    }
  });

  Deno.test(`the frozen model's second derivative is zero: ${name}`, async () => {
    const clean = await cleanOf(name);
    const places = activePlaces(clean, 7);
    const added = (factor: number, i: number): Intervention => {
      const [layer, position, feature] = places[i];
      return { layer, position, feature, add: factor * (1 + 0.1 * i) };
    };
    const pairs = places.slice(1).map((_, i) => [i, i + 1]);
    const lists = pairs.flatMap(([a, b]) => [
      [added(1, a)],
      [added(2, a)],
      [added(1, b)],
      [added(1, a), added(1, b)],
    ]);
    const { logits } = await intervene(clean, [[], ...lists], { frozen: "direct" });
    const base = row(logits, 0);
    const effect = (r: number) => row(logits, r + 1).map((x, i) => x - base[i]);
    const size = (x: Float32Array) => x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const scale = Math.max(size(base), ...lists.map((_, r) => size(effect(r))));
    let moved = 0;
    for (let r = 0; r < lists.length; r += 4) {
      const [one, twice, other, both] = [0, 1, 2, 3].map((k) => effect(r + k));
      const bent = one.map((x, i) => Math.abs(twice[i] - 2 * x));
      const joint = one.map((x, i) => Math.abs(both[i] - x - other[i]));
      assert(Math.max(size(bent), size(joint)) < 4e-6 * scale, `${size(bent)} ${size(joint)}`);
      moved = Math.max(moved, size(one));
    }
    assert(moved > 0.01 * scale, `${moved}`);
  });

  Deno.test(`one intervention is a vector added to the MLP outputs: ${name}`, async () => {
    const clean = await cleanOf(name), { model, coders, tokens } = clean;
    const [layer, position, feature] = activePlaces(clean, 1)[3];
    assertEquals(layer, 0);
    const a = clean.activations[0].data[position * coders[0].config.features + feature];
    const d = model.config.dModel, L = coders.length, value = 2 * a + 0.5;
    /** MLP outputs of layers, clean and with the change of the intervention. */
    const given = (layers: number[]): Patch[] =>
      layers.map((to) => {
        const out = clean.outputs[to].data.slice();
        if (writesTo(coders[0], to)) {
          const written = decoderRow(coders[0], feature, to);
          for (let i = 0; i < d; i++) out[position * d + i] += (value - a) * written[i];
        }
        return { hook: hookName(to, "hook_mlp_out"), value: { ...clean.outputs[to], data: out } };
      });
    const patterns = clean.patterns.map((value, l) => ({
      hook: hookName(l, "attn.hook_pattern"),
      value,
    }));
    const skips = coders[0].config.skip, crosses = coders[0].config.kind === "cross_layer";
    const expected = async (patches: Patch[]) =>
      (await model.logits([[...tokens]], [tokens.length - 1], { patches })).data;
    const found = async (frozen: Frozen) =>
      (await intervene(clean, [[{ layer, position, feature, set: value }]], { frozen })).logits
        .data;
    // Where a coder of its own layer is all that it writes, the block above answers by itself.
    if (!crosses) {
      assert(difference(await found("free"), await expected(given([0]))) < 1e-5);
      const attention = await expected([...patterns, ...given([0])]);
      assert(difference(await found("frozen_attention"), attention) < 1e-5);
    }
    if (!skips) {
      const upTo = await expected([...patterns, ...given([0, 1])]);
      if (!crosses) assert(difference(await found({ upTo: 1 }), upTo) < 1e-5);
    }
    assertEquals(await found({ upTo: L - 1 }), await found("direct"));
    const clean0 = await expected([]);
    assert(difference(await found("free"), clean0) > 1e-3, "the intervention does something");
  });

  Deno.test(`coders take the MLPs' places, with their errors and without: ${name}`, async () => {
    const clean = await cleanOf(name), { model, coders, tokens } = clean;
    const at = [tokens.length - 1], prompt = [[...tokens]];
    const found = async (errors: "kept" | "dropped") =>
      (await intervene(clean, [[]], { frozen: { replaced: "free", errors } })).logits.data;
    assert(difference(await found("kept"), (await model.logits(prompt, at)).data) < 1e-5);
    const options = coders[0].config.kind === "cross_layer"
      ? (await crossLayerReplacement(model, coders, prompt)).options
      : replacement(model, { coders });
    const replaced = (await model.logits(prompt, at, options)).data;
    assert(difference(await found("dropped"), replaced) < 1e-5);
    assert(difference(replaced, (await model.logits(prompt, at)).data) > 1e-3);
  });
}

Deno.test("set, multiply and add give the activation that they say, upstream changes included", async () => {
  for (const frozen of ["free", "frozen_attention", { upTo: 0 }] as const) {
    const clean = await cleanOf("GPT-2, stream");
    const places = activePlaces(clean, 1);
    const [below, above] = [places[0], places.findLast(([layer]) => layer === 2)!];
    const at = ([layer, position, feature]: typeof below) => ({ layer, position, feature });
    const first = { ...at(below), add: 3 };
    const { activations } = await intervene(
      clean,
      [[first], [first, { ...at(above), set: 1.25 }], [first, { ...at(above), multiply: -2 }]],
      { frozen, preActivations: true },
    );
    const value = (r: number, [layer, p, f]: typeof below) =>
      row(activations![layer], r)[p * activations![layer].shape[2] + f];
    const [, p, f] = below, F = clean.coders[0].config.features;
    assert(Math.abs(value(0, below) - clean.activations[0].data[p * F + f] - 3) < 1e-5);
    assertEquals(value(1, above), 1.25);
    assert(Math.abs(value(2, above) + 2 * value(0, above)) < 1e-6);
  }
});

Deno.test("interventions in one list act in their order", async () => {
  const clean = await cleanOf("GPT-NeoX, bare");
  const at = { layer: 1, position: "all" as const, feature: 4 };
  const { activations } = await intervene(
    clean,
    [[{ ...at, set: 2 }, { ...at, multiply: 3 }, { ...at, add: 1 }], [{ ...at, add: 1 }, {
      ...at,
      set: 2,
    }]],
    { preActivations: true },
  );
  const [, n, F] = activations![1].shape;
  for (let p = 0; p < n; p++) {
    assertEquals(row(activations![1], 0)[p * F + 4], 7);
    assertEquals(row(activations![1], 1)[p * F + 4], 2);
  }
});

Deno.test("what does not exist is refused", async () => {
  const clean = await cleanOf("GPT-NeoX, bare");
  const wrong: [Partial<Intervention>, string][] = [
    [{ layer: 3 }, "layer 3: expected 0 … 2"],
    [{ position: 5 }, "position 5: expected 0 … 4"],
    [{ feature: 14 }, "feature 14: expected 0 … 13"],
    [{ set: NaN }, "finite"],
  ];
  for (const [changes, message] of wrong) {
    const list = [{ layer: 0, position: 0, feature: 0, set: 1, ...changes } as Intervention];
    await assertRejects(() => intervene(clean, [list]), Error, message);
  }
  const { model, coders, tokens } = graphCase("GPT-NeoX, bare");
  await assertRejects(() => cleanPrompt(model, coders.slice(1), tokens), Error, "one per layer");
});
