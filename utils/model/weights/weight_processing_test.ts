import { assert, assertEquals } from "@std/assert";
import { ARCHITECTURES } from "../../../tests/support/hook_checks.ts";
import { randomModel, randomTokens } from "../../../tests/support/random_model.ts";
import { storedOutIn } from "../blocks/head_weights.ts";
import type { ModelConfig } from "../config.ts";
import { HookedModel } from "../hooked_model.ts";
import { Runtime } from "../runtime.ts";
import { FOLDED, type WeightProcessing } from "./weight_processing.ts";

const STEPS: [string, WeightProcessing][] = [
  ["folding LayerNorm", { foldLayerNorm: true }],
  ["centring writing weights", { centerWritingWeights: true }],
  ["centring the unembedding", { centerUnembed: true }],
  ["folding value biases", { foldValueBiases: true }],
  ["all steps", FOLDED],
];

function logProbabilities(logits: Float32Array, V: number): number[] {
  return Array.from({ length: logits.length / V }, (_, r) => {
    const row = [...logits.subarray(r * V, (r + 1) * V)];
    const top = Math.max(...row);
    const total = Math.log(row.reduce((t, x) => t + Math.exp(x - top), 0)) + top;
    return row.map((x) => x - total);
  }).flat();
}

/** Returns entries `[i, o]` of a stored matrix, as one row per input. */
function columns(data: Float32Array, ins: number, outs: number, config: ModelConfig): number[][] {
  return Array.from(
    { length: ins },
    (_, i) =>
      Array.from(
        { length: outs },
        (_, o) => data[storedOutIn(config) ? o * ins + i : i * outs + o],
      ),
  );
}

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const zero = (x: number) => assert(Math.abs(x) < 1e-6, `${x} should be 0`);

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`weight processing does not change the log-probabilities of ${name}`, async () => {
    const runtime = new Runtime({ threads: 1 });
    const { source } = randomModel(config, 5);
    const prompts = [randomTokens(6, config.vocabSize, 1), randomTokens(6, config.vocabSize, 2)];
    const of = async (processing?: WeightProcessing) => {
      const model = HookedModel.fromSource(source, { runtime, processing });
      return logProbabilities((await model.allLogits(prompts)).data, config.vocabSize);
    };
    const expected = await of();
    for (const [step, processing] of STEPS) {
      const found = await of(processing);
      found.forEach((x, i) =>
        assert(Math.abs(x - expected[i]) < 3e-5, `${step}: ${x}, as stored ${expected[i]}`)
      );
    }
    await runtime.close();
  });

  Deno.test(`processed weights of ${name} are folded and centred`, async () => {
    const runtime = new Runtime({ threads: 1 });
    const { source } = randomModel(config, 5);
    const { weights: processed } = HookedModel.fromSource(source, { runtime, processing: FOLDED });
    const { nHeads: H, dHead: e, dModel: d, dMlp: m, vocabSize: V } = config;
    const layer = await processed.layer(0), embed = await processed.embedding();
    for (const norm of ["ln1", "ln2"]) {
      assertEquals(layer[`${norm}_w`].data, new Float32Array(d).fill(1));
      assertEquals(layer[`${norm}_b`].data, new Float32Array(d));
    }
    // Weights that write to the residual stream have mean 0 over it.
    for (const row of columns(layer.o_w.data, d, d, config)) zero(mean(row));
    for (const row of columns(layer.out_w.data, m, d, config)) zero(mean(row));
    for (const bias of [layer.o_b, layer.out_b]) zero(mean(bias.data));
    for (let t = 0; t < V; t++) zero(mean(embed.W_E.data.subarray(t * d, (t + 1) * d)));
    if (embed.W_pos) zero(mean(embed.W_pos.data.subarray(0, d)));
    // Value biases are 0, query biases are not.
    const bias = (letter: number, h: number, i: number) =>
      layer.qkv_b.data[storedOutIn(config) ? (h * 3 + letter) * e + i : (letter * H + h) * e + i];
    for (let h = 0; h < H; h++) {
      for (let i = 0; i < e; i++) assertEquals(bias(2, h, i), 0);
      assert(Array.from({ length: e }, (_, i) => bias(0, h, i)).some((b) => b !== 0));
    }
    const unembed = await processed.unembedding();
    assertEquals(unembed.ln_f_w.data, new Float32Array(d).fill(1));
    assertEquals(unembed.ln_f_b.data, new Float32Array(d));
    for (let i = 0; i < d; i++) {
      zero(mean(Array.from({ length: V }, (_, t) => unembed.W_U.data[t * d + i])));
    }
    zero(mean(unembed.b_U.data));
    await runtime.close();
  });
}

Deno.test("weight processing of a tied model changes the unembedding but not the embedding", async () => {
  const config = ARCHITECTURES["GPT-2"];
  const runtime = new Runtime({ threads: 1 });
  const { source, weights } = randomModel(config, 5);
  const { weights: processed } = HookedModel.fromSource(source, {
    runtime,
    processing: { foldLayerNorm: true },
  });
  assertEquals([...(await processed.embedding()).W_E.data], [...Array.from(weights["embed.W_E"])]);
  assert((await processed.unembedding()).W_U.data.some((x, i) => x !== weights["unembed.W_U"][i]));
  await runtime.close();
});
