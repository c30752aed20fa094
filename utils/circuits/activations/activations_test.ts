import { assertEquals, assertRejects } from "@std/assert";
import { oracle } from "../../../tests/oracle/oracle_transformer.ts";
import { batchActivations, repeatPast } from "./activations.ts";
import { meanActivations } from "./mean_activations.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import { tensor } from "../../onnx/mod.ts";
import {
  ARCHITECTURES,
  assertClose,
  smallModel,
  smallPairs,
  smallReadout,
} from "../../../tests/support/circuit_cases.ts";

const PROMPTS = [[1, 2, 3, 4, 5], [6, 7, 8], [9, 10, 11, 12]];

for (const name of ["GPT-NeoX", "GPT-2"]) {
  Deno.test(`meanActivations() averages over real positions, or over the prompts that reach a position: ${name}`, async () => {
    const { config, weights, model } = smallModel(ARCHITECTURES[name]);
    const runs = PROMPTS.map((tokens) => oracle(config, weights, tokens).hooks);
    const mean = (hook: string, positions: (p: number) => boolean) => {
      const rows = PROMPTS.flatMap((tokens, n) =>
        tokens.flatMap((_, p) => {
          const { data } = runs[n].get(hook)!;
          const row = data.length / tokens.length;
          return positions(p) ? [data.slice(p * row, (p + 1) * row)] : [];
        })
      );
      return rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);
    };
    const hooks = (l: number) => [`blocks.${l}.attn.hook_z`, `blocks.${l}.hook_mlp_out`];
    const overall = await meanActivations(model, PROMPTS, false);
    const byPosition = await meanActivations(model, PROMPTS, true);
    assertEquals([overall.length, byPosition.length], [5, 5]);
    const found = (m: typeof overall) => [
      ["hook_embed", m.means.input] as const,
      ...[0, 1].flatMap((l) => [
        [hooks(l)[0], m.means.z[l]] as const,
        [hooks(l)[1], m.means.mlp[l]] as const,
      ]),
    ];
    for (const [hook, { data, shape }] of found(overall)) {
      assertEquals(shape[0], 1);
      assertClose(data, mean(hook, () => true), 2e-6, hook);
    }
    for (const [hook, { data, shape }] of found(byPosition)) {
      assertEquals(shape[0], 5);
      for (let p = 0; p < 5; p++) {
        const row = data.subarray(p * shape[1], (p + 1) * shape[1]);
        assertClose(row, mean(hook, (q) => q === p), 2e-6, `${hook} at ${p}`);
      }
    }
  });

  Deno.test(`batchActivations() after a shared prefix equals runs of whole prompts: ${name}`, async () => {
    const { config, weights, model } = smallModel(ARCHITECTURES[name]);
    const pairs = smallPairs().slice(0, 2);
    const [batch] = promptBatches(pairs, smallReadout(2));
    assertEquals(batch.prefix.map((p) => p.length), [2, 2]);
    const found = await batchActivations(model, batch);
    pairs.forEach((pair, n) => {
      for (const which of ["clean", "corrupted"] as const) {
        const { hooks } = oracle(config, weights, pair[which].slice(0, pair.position + 1));
        const suffix = (hook: string) => {
          const { data, shape } = hooks.get(hook)!;
          return data.subarray(2 * data.length / shape[0]);
        };
        const check = (t: { data: Float32Array }, hook: string) => {
          const own = t.data.subarray(n * t.data.length / 2, (n + 1) * t.data.length / 2);
          assertClose(own, suffix(hook), 5e-6, `${which} ${hook}`);
        };
        check(found[which].input, "hook_embed");
        for (let l = 0; l < config.nLayers; l++) {
          check(found[which].z[l], `blocks.${l}.attn.hook_z`);
          check(found[which].mlp[l], `blocks.${l}.hook_mlp_out`);
          const run = which === "clean"
            ? { pre: found.residuals, mid: found.mids }
            : found.corruptedRun;
          check(run.pre[l], `blocks.${l}.hook_resid_pre`);
          check(run.pre[l + 1], `blocks.${l}.hook_resid_post`);
          if (!config.parallel) check(run.mid[l], `blocks.${l}.hook_resid_mid`);
        }
      }
    });
  });
}

Deno.test("batchActivations() refuses means that are missing, are of the other kind, or cover too few positions", async () => {
  const { model } = smallModel(ARCHITECTURES["GPT-NeoX"]);
  const [batch] = promptBatches(smallPairs(), smallReadout(4), { sharePrefix: false });
  const short = await meanActivations(model, [[1, 2, 3, 4]], true);
  const one = await meanActivations(model, [[1, 2, 3, 4]], false);
  const run = (...args: [Parameters<typeof batchActivations>[2], typeof short?]) => () =>
    batchActivations(model, batch, ...args);
  await assertRejects(run("mean"), Error, "needs mean activations");
  await assertRejects(run("mean", short), Error, "one mean for all positions");
  await assertRejects(run("mean-positional", one), Error, "one mean for all positions");
  await assertRejects(run("mean-positional", short), Error, "5 positions, the means are of 4");
});

Deno.test("repeatPast() repeats the whole batch from a given layer on", () => {
  const t = (...values: number[]) =>
    tensor(Float32Array.from(values), [2, 1, 1, values.length / 2]);
  const past = { length: 1, layers: [{ k: t(1, 2), v: t(3, 4) }, { k: t(5, 6), v: t(7, 8) }] };
  const { layers } = repeatPast(past, 2, 1);
  assertEquals(layers[0], past.layers[0]);
  assertEquals([...layers[1].k.data, ...layers[1].v.data], [5, 6, 5, 6, 7, 8, 7, 8]);
  assertEquals(layers[1].k.shape, [4, 1, 1, 1]);
});
