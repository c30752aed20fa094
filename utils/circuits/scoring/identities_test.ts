/**
 * The identities that make attribution fast, each compared with the plain way (`tests/oracle/plain_scores.ts`):
 *
 *  1. shared prefix: before the first differing token nothing changes along the path, so only the suffix runs;
 *  2. the gradient at the input of a LayerNorm follows from sums in head space;
 *  3. gradients are added up over path points first and contracted with the source differences once;
 *  4. layer 0 of parallel models computes what does not move along the path only once.
 *
 * Each holds with all layers in one session and with one session per layer.
 */
import { assert, assertEquals } from "@std/assert";
import { attribute, type AttributionOptions } from "../attribution/attribution.ts";
import type { HookedModel } from "../../model/hooked_model.ts";
import { type PromptBatch, promptBatches, readoutRows } from "../../tasks/prompt_batches.ts";
import { sharedLength } from "../../tasks/shared_prefix.ts";
import { pathPoints } from "../attribution/quadrature.ts";
import { randomTokens } from "../../../tests/support/random_model.ts";
import {
  ARCHITECTURES,
  assertClose,
  pair,
  referenceCase,
  smallModel,
  smallPairs,
  smallReadout,
} from "../../../tests/support/circuit_cases.ts";
import { plainPathScores, plainScores } from "../../../tests/oracle/plain_scores.ts";

const TOLERANCE = 1e-5;

for (const architecture of ["neox", "gpt2"] as const) {
  Deno.test(`identity 1: every path point can leave out a shared prefix (${architecture})`, async () => {
    const { c, model, pairs, readout } = await referenceCase(architecture);
    const some = pairs.slice(0, 5);
    const shared = some.map(sharedLength);
    assert(shared.every((length) => length > 0), "every pair begins with equal tokens");
    const points = pathPoints("reference", 3);
    // In the plain run, the keys of the prefix do not move along the path.
    const { nHeads: H, dHead: e } = model.config;
    const steps = await plainScores(model, some[0], readoutRows(readout, [0]), points);
    const prefixKeys = steps.map(({ keys }) => keys.map((k) => k.subarray(0, shared[0] * H * e)));
    assertEquals(prefixKeys[1], prefixKeys[0]);
    assertEquals(prefixKeys[2], prefixKeys[0]);

    const expected = await plainPathScores(model, some, readout, points);
    const batches = promptBatches(some, readout, { batchSize: 1 });
    assertEquals(batches.map((b) => b.prefix[0].length), batches.map((b) => shared[b.indices[0]]));
    await compare(model, batches, { steps: 3 }, expected);
    await c.close();
  });

  Deno.test(`identity 2: gradients at the inputs of LayerNorms follow from sums in head space (${architecture})`, async () => {
    // One path point and whole prompts: only the way to the gradients differs.
    const { c, model, pairs, readout } = await referenceCase(architecture);
    const batches = promptBatches(pairs, readout, { sharePrefix: false });
    const expected = await plainPathScores(model, pairs, readout, [{ alpha: 1, weight: 1 }]);
    await compare(model, batches, { method: "EAP" }, expected);
    await c.close();
  });

  Deno.test(`identity 3: one contraction for all path points (${architecture})`, async () => {
    const { c, model, pairs, readout } = await referenceCase(architecture);
    const some = pairs.slice(0, 4);
    const batches = promptBatches(some, readout, { sharePrefix: false });
    for (const quadrature of ["reference", "gauss-legendre"] as const) {
      const points = pathPoints(quadrature, 4);
      const expected = await plainPathScores(model, some, readout, points);
      // All points in one pass, and one point per pass.
      for (const tokensPerPass of [10_000, 1]) {
        await compare(model, batches, { steps: 4, quadrature, tokensPerPass }, expected);
      }
    }
    await c.close();
  });
}

Deno.test("identity 4: what layer 0 reads moves at the differing tokens only", async () => {
  const { model } = smallModel(ARCHITECTURES["GPT-NeoX"]);
  const { runtime } = model;
  const compiled = runtime.compiled.bind(runtime);
  const asked: string[] = [];
  runtime.compiled = (key, build) => {
    asked.push(key);
    return compiled(key, build);
  };
  const points = pathPoints("reference", 3);
  // After the last differing token, three, two and no positions are still.
  for (const differs of [[2], [1, 3], [2, 5]]) {
    const pairs = [0, 1].map((i) => {
      const clean = randomTokens(6, 17, 7 * i);
      return pair(clean, clean.map((t, p) => differs.includes(p) ? (t + 3) % 17 : t), 5);
    });
    const readout = smallReadout(pairs.length);
    const expected = await plainPathScores(model, pairs, readout, points);
    for (const sharePrefix of [true, false]) {
      const batches = promptBatches(pairs, readout, { sharePrefix });
      asked.length = 0;
      await compare(model, batches, { steps: 3 }, expected);
      const programs = asked.filter((key) => /^ig (model|layer)/.test(key));
      const still = programs.filter((key) => key.includes('"still":true'));
      assertEquals(still.length, Math.max(...differs) < 5 ? 2 : 0, `differs at ${differs}`);
    }
  }
});

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`all identities together, on probabilities: ${name}`, async () => {
    const { model } = smallModel(config);
    const pairs = smallPairs(), readout = smallReadout(pairs.length, "probabilities");
    const expected = await plainPathScores(model, pairs, readout, pathPoints("midpoint", 3));
    const batches = promptBatches(pairs, readout);
    await compare(model, batches, { steps: 3, quadrature: "midpoint" }, expected);
  });
}

async function compare(
  model: HookedModel,
  batches: readonly PromptBatch[],
  options: AttributionOptions,
  expected: readonly Float64Array[],
) {
  for (const inOneSession of [true, false]) {
    const all = { ...options, inOneSession, perPrompt: true };
    const perPrompt = (await attribute(model, batches, all)).perPrompt!;
    const cells = perPrompt.length / expected.length;
    expected.forEach((scores, n) => {
      const what = `prompt ${n}, ${inOneSession ? "one session" : "layer by layer"}`;
      assertClose(perPrompt.subarray(n * cells, (n + 1) * cells), scores, TOLERANCE, what);
    });
  }
}
