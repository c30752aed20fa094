import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { graphCase } from "../../../tests/support/graph_cases.ts";
import { rowsOf, runCoders } from "../../transcoders/mod.ts";
import { linearRun } from "../linear/mod.ts";
import { featureRoot } from "./greedy_paths.ts";
import { type PathRun, pathRun, received, throughHead } from "./path_run.ts";
import {
  attentionsBelow,
  deEmbedding,
  featureVector,
  layerOv,
  meanInputGradients,
  ovNorms,
  pullback,
  throughOv,
} from "./prompt_free.ts";

async function prepare(name: string): Promise<PathRun> {
  const { model, coders, tokens } = graphCase(name);
  return await pathRun(await linearRun(model, coders, tokens));
}

/** The last active feature at the last position. */
function lastFeature({ run: { features: { places, count } } }: PathRun) {
  const [layer, token, feature] = places.subarray(3 * count - 3);
  return { layer, feature, token };
}

Deno.test("a de-embedding is what a token gives a feature of layer 0, but for scale and constant", async () => {
  const prepared = await prepare("GPT-NeoX, MLP input, linear path"), { run } = prepared;
  const { places, preActivations } = run.features;
  for (let i = 0; places[3 * i] === 0; i++) {
    const [, token, feature] = places.subarray(3 * i, 3 * i + 3);
    const vector = await featureVector(run.model, run.coders[0], feature);
    const tokens = await deEmbedding(run.model, vector);
    const { constant } = featureRoot(prepared, 0, feature, token);
    const value = tokens[run.tokens[token]] / run.ln2[0][token] + constant;
    assertAlmostEquals(value, preActivations[i], 1e-5);
  }
  run.model.close();
});

for (const name of ["GPT-NeoX, bare", "GPT-2, stream", "GPT-2, folded"]) {
  Deno.test(`pull-backs through heads are those of a prompt without pattern and scale: ${name}`, async () => {
    const prepared = await prepare(name), { run } = prepared, { model, coders } = run;
    const { layer, feature, token } = lastFeature(prepared);
    const root = featureRoot(prepared, layer, feature, token);
    const { nHeads: H, dHead: e } = model.config, n = run.tokens.length, source = 1;
    const below = attentionsBelow(model, coders[layer]);
    const norms = await ovNorms(model, root.vector, below);
    for (let l = 0; l < below; l++) {
      const ov = await layerOv(model, l);
      for (let head = 0; head < H; head++) {
        const free = throughOv(ov, root.vector, head, e);
        const { vector } = throughHead(prepared, root, { layer: l, head, source });
        const weight = run.patterns[l].data[(head * n + token) * n + source] / run.ln1[l][source];
        vector.forEach((x, i) => assertAlmostEquals(x, weight * free[i], 1e-6));
        assertAlmostEquals(norms[l][head], Math.hypot(...free), 1e-9);
      }
    }
    assertEquals(below, received(prepared, root).attentions);
    run.model.close();
  });
}

Deno.test("mean input × gradient is the mean over counted positions, whatever the batches", async () => {
  const { model, coders } = graphCase("GPT-NeoX, cross-layer");
  const vector = await featureVector(model, coders[2], 5);
  const rows = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 2, 2]], excluded = [2];
  const connected = [0, 1].map((l) => ({
    coder: coders[l],
    connection: pullback(coders[l], vector, 2),
  }));
  const at = (batches: number[][][]) =>
    meanInputGradients(model, connected, batches.map((batch) => rowsOf(batch, excluded)));
  const together = await at([rows]), apart = await at(rows.map((row) => [row]));
  for (const [c, { coder, connection }] of connected.entries()) {
    const { features: F } = coder.config;
    const expected = new Array<number>(F).fill(0), times = new Array<number>(F).fill(0);
    for (const row of rows) {
      const [{ activations: { data } }] = await runCoders(model, [coder], [row]);
      row.forEach((token, p) => {
        if (token === 2) return;
        for (let f = 0; f < F; f++) {
          const product = data[p * F + f] * connection[f];
          expected[f] += product / 9;
          if (product > 0) times[f]++;
        }
      });
    }
    for (const found of [together[c], apart[c]]) {
      assertEquals(found.tokens, 9);
      expected.forEach((value, f) => assertAlmostEquals(found.mean[f], value, 1e-6));
      assertEquals(Array.from(found.frequency), times.map((count) => count / 9));
      found.positiveMean.forEach((mean, f) => assert(mean === 0 ? times[f] === 0 : mean > 0));
    }
  }
  model.close();
});

Deno.test("a cross-layer coder's pull-back counts the layers that the vector reads", async () => {
  const { model, coders } = graphCase("GPT-NeoX, cross-layer");
  const prepared = await pathRun(await linearRun(model, coders, [1, 2, 3, 4]));
  const { layer, feature, token } = lastFeature(prepared);
  const root = featureRoot(prepared, layer, feature, token);
  const { direct } = received(prepared, root),
    { places, activations, count } = prepared.run.features;
  const connection = pullback(coders[0], root.vector, layer);
  for (let i = 0; i < count; i++) {
    const [from, position, f] = places.subarray(3 * i, 3 * i + 3);
    if (from !== 0 || position !== token) continue;
    assertAlmostEquals(direct[i], activations[i] * connection[f], 1e-6);
  }
  assert(layer === 2);
  model.close();
});
