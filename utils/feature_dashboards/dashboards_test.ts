import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { graphCase } from "../../tests/support/graph_cases.ts";
import { randomTokens } from "../../tests/support/random_model.ts";
import {
  attentionsBelow,
  deEmbedding,
  featureVector,
  ovNorms,
  pullback,
  readingAt,
  readStream,
} from "../feature_circuits/mod.ts";
import { type Coder, rowsOf, runCoders } from "../transcoders/mod.ts";
import { type DashboardOptions, makeDashboards } from "./dashboards.ts";
import { floorCoders, sampleText, textPass } from "./pass/mod.ts";
import { connections } from "./weights/mod.ts";

const LISTS = { tokens: 5, inputs: 4, similar: 3, bins: 8 };
const CASES = ["GPT-NeoX, bare", "GPT-2, stream", "GPT-2, folded", "GPT-NeoX, cross-layer"];

const byValue = (values: ArrayLike<number>, sign = 1) =>
  Array.from(values, (value, index) => ({ value, index })).sort((a, b) =>
    sign * (b.value - a.value)
  );

function sameValues(found: readonly { value: number }[], expected: readonly { value: number }[]) {
  assertEquals(found.length, expected.length);
  found.forEach(({ value }, i) => assertAlmostEquals(value, expected[i].value, 1e-5));
}

for (const name of CASES) {
  Deno.test(`connections: each list is that of the vectors one by one: ${name}`, async () => {
    const { model, coders } = graphCase(name), { vocabSize: V, dModel: d } = model.config;
    const found = await connections(model, coders, { ...LISTS, vocabulary: V });
    const { W_U } = await model.weights.unembedding();
    const none = { model, ln1: [], ln2: [], lnFinal: new Float32Array(0) };
    const { scale: _, ...final } = await readingAt(none, "ln_final.hook_out");
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);
    const decoder = ({ config, weights: { W_dec } }: Coder, f: number) => {
      const layers = config.decoderLayers?.length ?? 1;
      const parts = Array.from(
        { length: layers },
        (_, l) => W_dec.data.slice((f * layers + l) * d, (f * layers + l + 1) * d),
      );
      return Array.from({ length: d }, (_, i) => parts.reduce((sum, part) => sum + part[i], 0));
    };
    for (const [c, coder] of coders.entries()) {
      for (const f of [0, 7, 13]) {
        const { raised, lowered, logits, excited, inhibited, inputs, outputs, heads, similar } =
          found[c][f];
        const read = Array.from({ length: V }, (_, t) => {
          const out = new Float32Array(d);
          readStream(final, W_U.data.slice(t * d, (t + 1) * d), 0, out);
          return dot(out, decoder(coder, f));
        });
        const mean = read.reduce((a, b) => a + b) / V, direct = read.map((x) => x - mean);
        sameValues(raised, byValue(direct).slice(0, 5));
        sameValues(lowered, byValue(direct, -1).slice(0, 5));
        assertEquals(logits.counts.reduce((a, b) => a + b), V);
        assertAlmostEquals(logits.low, Math.min(...direct), 1e-5);
        const vector = await featureVector(model, coder, f);
        const tokens = await deEmbedding(model, vector);
        sameValues(excited, byValue(tokens).slice(0, 5));
        sameValues(inhibited, byValue(tokens, -1).slice(0, 5));
        const pulled = coders.slice(0, c).flatMap((source, layer) =>
          byValue(pullback(source, vector, c)).map((entry) => ({ layer, ...entry }))
        ).filter(({ value }) => value > 0).sort((a, b) => b.value - a.value).slice(0, 4);
        sameValues(inputs, pulled);
        assertEquals(
          inputs.map(({ layer, index }) => [layer, index]),
          pulled.map(({ layer, index }) => [layer, index]),
        );
        const fed = [];
        for (const target of coders.slice(c + 1)) {
          const { layer } = target.config;
          for (let g = 0; g < target.config.features; g++) {
            const reads = await featureVector(model, target, g);
            fed.push({ layer, index: g, value: pullback(coder, reads, layer)[f] });
          }
        }
        const most = fed.filter(({ value }) => value > 0).sort((a, b) => b.value - a.value).slice(
          0,
          4,
        );
        sameValues(outputs, most);
        assertEquals(
          outputs.map(({ layer, index }) => [layer, index]),
          most.map(({ layer, index }) => [layer, index]),
        );
        const norms = await ovNorms(model, vector, attentionsBelow(model, coder));
        sameValues(heads, byValue(norms.flat()).slice(0, 4));
        const own = decoder(coder, f);
        const cosines = coders.flatMap((other, b) =>
          Array.from({ length: other.config.features }, (_, g) => {
            const row = decoder(other, g);
            const value = dot(own, row) / Math.hypot(...own) / Math.hypot(...row);
            return { value: b === c && g === f ? -2 : value };
          })
        ).sort((a, b) => b.value - a.value);
        sameValues(similar, cosines.slice(0, 3));
      }
    }
    model.close();
  });
}

const OPTIONS: DashboardOptions = {
  top: 3,
  bands: 2,
  perBand: 2,
  before: 2,
  after: 1,
  seed: 0,
  readingTokens: 1e6,
  lists: LISTS,
};

Deno.test("dashboards: firings, means and examples are those of a loop over all activations", async () => {
  const { model, coders } = graphCase("GPT-NeoX, bare"), { vocabSize } = model.config;
  const prompts = Array.from({ length: 40 }, (_, i) => randomTokens(9 - i % 2, vocabSize, i));
  const excluded = [prompts[0][3]];
  const batches = [rowsOf(prompts.slice(0, 25), excluded), rowsOf(prompts.slice(25), excluded)];
  const vocabulary = Array.from({ length: vocabSize }, (_, id) => ` t${id}`);
  const estimates: number[] = [];
  const made = await makeDashboards(model, coders, { batches }, vocabulary, {
    ...OPTIONS,
    onEstimate: ({ bytes, seconds }) => estimates.push(bytes, seconds),
  });
  assert(estimates.length === 2 && estimates.every((x) => x > 0 && Number.isFinite(x)));
  const runs = await Promise.all(prompts.map((tokens) => runCoders(model, coders, [tokens])));
  assertEquals(made.tokens, batches[0].count + batches[1].count);
  assertEquals(made.scores.includes("label"), false);
  for (const [c, { features, alive }] of made.layers.entries()) {
    const F = coders[c].config.features;
    const activation = (row: number, p: number, f: number) =>
      excluded.includes(prompts[row][p]) ? 0 : runs[row][c].activations.data[p * F + f];
    assertEquals(alive, features.filter(({ firings }) => firings > 0).length);
    for (const feature of features) {
      const values = prompts.map((tokens, row) =>
        tokens.map((_, p) => activation(row, p, feature.id))
      );
      const fired = values.flat().filter((a) => a > 0);
      assertEquals(feature.firings, fired.length);
      if (fired.length === 0) continue;
      const close = (found: number, expected: number) =>
        assertAlmostEquals(found / expected, 1, 1e-3);
      close(feature.mean, fired.reduce((a, b) => a + b) / fired.length);
      close(feature.max, Math.max(...fired));
      assertEquals(feature.histogram!.counts.reduce((a, b) => a + b), fired.length);
      const peaks = values.map((row) => Math.max(...row)).sort((a, b) => b - a).filter((a) =>
        a > 0
      );
      assertEquals(feature.top!.length, Math.min(3, peaks.length));
      for (const [i, [row, peak, from, end, ...pairs]] of feature.top!.entries()) {
        close(values[row][peak], peaks[i]);
        assertEquals([from, end], [Math.max(0, peak - 2), Math.min(prompts[row].length, peak + 2)]);
        assertEquals(made.rows[row], prompts[row]);
        const shown = Array.from({ length: end - from }, (_, j) => values[row][from + j]);
        assertEquals(
          pairs.filter((_, j) => j % 2 === 0),
          shown.flatMap((a, j) => a > 0 ? [from + j] : []),
        );
        pairs.filter((_, j) => j % 2 === 1).forEach((a, j) =>
          close(a, shown.filter((x) => x > 0)[j])
        );
      }
      for (const { low, high, examples } of feature.bands!) {
        for (const [row, peak] of examples) {
          const value = values[row][peak];
          assert(value > 0 && value >= low * 0.999 && value <= high * 1.001);
        }
      }
    }
  }
  const again = await makeDashboards(model, coders, { batches }, vocabulary, OPTIONS);
  assertEquals(again, made);
  await assertRejects(
    () => makeDashboards(model, coders, { batches: [rowsOf([[1, 1]], [1])] }, vocabulary, OPTIONS),
    Error,
    "no position of the text counts",
  );
  model.close();
});

Deno.test("text pass: the firings of sampled rows are those of their rows, of coder and floor", async () => {
  const { model, coders } = graphCase("GPT-2, stream"), { vocabSize } = model.config;
  const prompts = Array.from({ length: 12 }, (_, i) => randomTokens(7, vocabSize, i));
  const batches = [rowsOf(prompts.slice(0, 7)), rowsOf(prompts.slice(7))];
  const sample = sampleText({ batches }, 28);
  assertEquals(sample.rows.map(({ row }) => row), [2, 5, 8, 11]);
  const floors = await floorCoders(model, coders, batches, 1);
  const examples = { ...OPTIONS, sample: 2 };
  const passes = await textPass(model, coders, floors, { batches }, sample, { examples });
  for (const [c, { firings, floor }] of passes.entries()) {
    for (const [found, coder] of [[firings, coders[c]], [floor, floors[c]]] as const) {
      const F = coder.config.features;
      for (const { row, numbers } of sample.rows) {
        const [{ activations: { data } }] = await runCoders(model, [coder], [prompts[row]]);
        for (let f = 0; f < F; f++) {
          const own = new Map<number, number>();
          for (let i = found.starts[f]; i < found.starts[f + 1]; i++) {
            own.set(found.tokens[i], found.values[i]);
          }
          numbers.forEach((t, p) =>
            assertAlmostEquals(own.get(t) ?? 0, Math.max(0, data[p * F + f]), 1e-4)
          );
        }
      }
    }
  }
  model.close();
});
