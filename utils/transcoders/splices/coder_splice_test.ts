import { assert, assertEquals } from "@std/assert";
import { plainRow, randomCoder } from "../../../tests/support/coder_cases.ts";
import { ARCHITECTURES, assertLikeOracle } from "../../../tests/support/hook_checks.ts";
import { POSITIONS, READOUT, setup } from "../../../tests/support/spliced_coder.ts";
import { tensor } from "../../onnx/mod.ts";
import { type HookValue, oracle } from "../../../tests/oracle/oracle_transformer.ts";
import { FOLDED, HookedModel, type ModelConfig, Runtime } from "../../model/mod.ts";
import type { Coder, CoderConfig } from "../coder.ts";
import { coderHook } from "./coder_splice.ts";
import { crossLayerReplacement, replacement } from "./replacement.ts";

/** Inputs of an MLP transcoder, and how the oracle's hook values give the vector it reads. */
const INPUTS: Record<
  string,
  { convention: CoderConfig["inputConvention"]; from: string; bare?: true; centred?: true }
> = {
  "ln2.hook_normalized": { convention: "raw", from: "hook_mlp_in", bare: true },
  "mlp.hook_in": { convention: "raw", from: "ln2.hook_normalized" },
  "hook_mlp_in": { convention: "raw", from: "hook_mlp_in" },
  "hook_resid_pre": { convention: "folded", from: "hook_resid_pre", centred: true },
};

const mlpCoder = (d: number, input: string, changes: Partial<CoderConfig> = {}) =>
  randomCoder({
    dIn: d,
    dOut: d,
    layer: 0,
    inputHook: `blocks.0.${input}`,
    outputHook: "blocks.0.hook_mlp_out",
    inputConvention: INPUTS[input].convention,
    ...changes,
  }, 7);

/** The rows that a coder reads, from the oracle's value. */
function readRows(value: Float64Array, d: number, input: string, epsilon: number): number[][] {
  const { bare, centred } = INPUTS[input];
  return Array.from({ length: value.length / d }, (_, p) => {
    const row = [...value.subarray(p * d, (p + 1) * d)];
    if (!bare && !centred) return row;
    const mean = row.reduce((a, b) => a + b) / d;
    const scale = bare ? Math.sqrt(row.reduce((a, x) => a + (x - mean) ** 2, 0) / d + epsilon) : 1;
    return row.map((x) => (x - mean) / scale);
  });
}

/** Runs the oracle with a coder in the place of the MLP of layer 0; `edit` changes the activations. */
function replacedOracle(
  { config, weights }: { config: ModelConfig; weights: Parameters<typeof oracle>[1] },
  tokens: readonly number[],
  coder: Coder,
  input: string,
) {
  let rows: number[][] = [];
  const acts: number[] = [];
  const { logits, hooks } = oracle(config, weights, tokens, (point: string, value: HookValue) => {
    if (point === `blocks.0.${INPUTS[input].from}`) {
      rows = readRows(value.data, config.dModel, input, config.layerNormEps);
    }
    if (point !== "blocks.0.hook_mlp_out") return;
    const made = rows.map((row) => plainRow(coder, row));
    acts.push(...made.flatMap(({ a }) => a));
    value.data.set(made.flatMap(({ y }) => y));
  });
  return { logits, hooks, acts: Float64Array.from(acts) };
}

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  for (const input of Object.keys(INPUTS)) {
    Deno.test(`A transcoder of ${input} in a ${name} model gives the oracle's logits and features`, async () => {
      await using context = setup(config);
      const { model, weights, prompts } = context;
      const d = config.dModel;
      for (const activation of [{ name: "relu" }, { name: "topk", k: 3, signed: true }] as const) {
        const coder = mlpCoder(d, input, { activation, skip: activation.name === "topk" });
        const options = replacement(model, { coders: [coder] });
        const acts = coderHook(coder.config, "hook_acts");
        const { hooks } = await model.run(prompts, { ...options, read: [acts] });
        const logits = await model.logits(prompts, POSITIONS, options);
        for (const [b, prompt] of prompts.entries()) {
          const expected = replacedOracle({ config, weights }, prompt, coder, input);
          const V = config.vocabSize, at = POSITIONS[b];
          const shape = [prompt.length, coder.config.features];
          assertLikeOracle(hooks.get(acts)!, b, { shape, data: expected.acts }, acts, 2e-5);
          const row = expected.logits.subarray(at * V, (at + 1) * V);
          assertLikeOracle(logits, b, { shape: [V], data: row }, "logits", 2e-5);
        }
      }
    });
  }
}

Deno.test("A coder with its error changes no value, and its gradients are those of the coder", async () => {
  await using context = setup(ARCHITECTURES["GPT-2"]);
  const { model, prompts } = context;
  const coder = mlpCoder(12, "mlp.hook_in");
  const plain = await model.logits(prompts, POSITIONS);
  const options = replacement(model, { coders: [coder], mode: "with_error" });
  const kept = await model.logits(prompts, POSITIONS, options);
  plain.data.forEach((x, i) => assert(Math.abs(kept.data[i] - x) < 1e-5));

  const acts = coderHook(coder.config, "hook_acts"), out = "blocks.0.hook_mlp_out";
  const found = await model.gradients(prompts, POSITIONS, READOUT, [acts, out], options);
  const [dActs, dOut] = [acts, out].map((hook) => found.gradients.get(hook)!);
  const F = coder.config.features;
  // The gradient of activation f is that of the output along its decoder row.
  for (let row = 0; row < dActs.data.length / F; row++) {
    for (let f = 0; f < F; f++) {
      let along = 0;
      for (let j = 0; j < 12; j++) {
        along += dOut.data[row * 12 + j] * coder.weights.W_dec.data[f * 12 + j];
      }
      assert(Math.abs(dActs.data[row * F + f] - along) < 1e-5);
    }
  }
  // An observed coder takes no part in the gradient.
  const observed = replacement(model, { coders: [coder], mode: "observe" });
  const input = ["blocks.0.hook_resid_pre"];
  const [seen, bare] = await Promise.all(
    [observed, {}].map((o) => model.gradients(prompts, POSITIONS, READOUT, input, o)),
  );
  assertEquals(seen.gradients.get(input[0])!.data, bare.gradients.get(input[0])!.data);
});

Deno.test("A folded coder gives a raw model the logits that it gives the folded model", async () => {
  await using context = setup(ARCHITECTURES["GPT-2"]);
  const { model, source, prompts } = context;
  const runtime = new Runtime({ threads: 1 });
  const folded = HookedModel.fromSource(source, { runtime, processing: FOLDED });
  try {
    for (const input of ["ln2.hook_normalized", "mlp.hook_in", "hook_resid_mid"]) {
      const coder = randomCoder({
        dIn: 12,
        dOut: 12,
        layer: 0,
        inputHook: `blocks.0.${input}`,
        outputHook: "blocks.0.hook_mlp_out",
        inputConvention: "folded",
      }, 9);
      const logits = async (m: HookedModel) => {
        const { data } = await m.logits(prompts, POSITIONS, replacement(m, { coders: [coder] }));
        // Centring the unembedding shifts all logits of a row.
        return prompts.flatMap((_, b) => {
          const row = [...data.subarray(17 * b, 17 * b + 17)];
          const mean = row.reduce((x, y) => x + y) / 17;
          return row.map((x) => x - mean);
        });
      };
      const [raw, expected] = [await logits(model), await logits(folded)];
      raw.forEach((x, i) => assert(Math.abs(x - expected[i]) < 2e-5, `${input} ${i}`));
    }
  } finally {
    await runtime.close();
  }
});

Deno.test("An SAE of one head replaces that head's value only", async () => {
  await using context = setup(ARCHITECTURES["GPT-NeoX"]);
  const { model, weights, prompts } = context;
  const { dHead: e, nHeads: H } = model.config;
  const hook = "blocks.1.attn.hook_z";
  for (const head of [0, 1, 2, undefined]) {
    const width = head === undefined ? H * e : e;
    const coder = randomCoder({
      kind: "sae",
      dIn: width,
      dOut: width,
      inputHook: hook,
      outputHook: hook,
      ...(head === undefined ? {} : { head }),
    }, 3);
    const logits = await model.logits(prompts, POSITIONS, replacement(model, { coders: [coder] }));
    for (const [b, prompt] of prompts.entries()) {
      const expected = oracle(model.config, weights, prompt, (point, { data }) => {
        if (point !== hook) return;
        const start = (head ?? 0) * e;
        for (let p = 0; p < prompt.length; p++) {
          const at = p * H * e + start;
          data.set(plainRow(coder, data.slice(at, at + width)).y, at);
        }
      });
      const V = model.config.vocabSize, at = POSITIONS[b];
      const row = expected.logits.subarray(at * V, (at + 1) * V);
      assertLikeOracle(logits, b, { shape: [V], data: row }, `head ${head}`, 2e-5);
    }
  }
});

Deno.test("Zeros replace outputs, and two coders of one layer are refused", async () => {
  await using context = setup(ARCHITECTURES["GPT-2"]);
  const { model, weights, prompts } = context;
  const zeros = ["blocks.0.hook_mlp_out", "blocks.1.hook_attn_out"];
  const logits = await model.logits(prompts, POSITIONS, replacement(model, { zeros }));
  for (const [b, prompt] of prompts.entries()) {
    const expected = oracle(model.config, weights, prompt, (point, { data }) => {
      if (zeros.includes(point)) data.fill(0);
    });
    const V = model.config.vocabSize, at = POSITIONS[b];
    const row = expected.logits.subarray(at * V, (at + 1) * V);
    assertLikeOracle(logits, b, { shape: [V], data: row }, "logits");
  }
});

Deno.test("Cross-layer coders write to later layers, and read streams that coders below have changed", async () => {
  await using context = setup(ARCHITECTURES["GPT-2"]);
  const { model, weights, prompts } = context;
  const coders = [0, 1].map((layer) =>
    randomCoder({
      kind: "cross_layer",
      dIn: 12,
      dOut: 12,
      layer,
      inputHook: `blocks.${layer}.mlp.hook_in`,
      outputHook: `blocks.${layer}.hook_mlp_out`,
      decoderLayers: layer === 0 ? [0, 1] : [1],
      skip: layer === 1,
    }, 11 + layer)
  );
  for (const replaced of [[0, 1], [0], [1]]) {
    for (const [b, prompt] of prompts.entries()) {
      const { options } = await crossLayerReplacement(model, coders, [prompt], replaced);
      const logits = await model.logits([prompt], [POSITIONS[b]], options);
      const rows: number[][][] = [[], []];
      const expected = oracle(model.config, weights, prompt, (point, { data }) => {
        const [, layer, rest] = /^blocks\.(\d)\.(.*)$/.exec(point) ?? [];
        const l = Number(layer);
        if (rest === "ln2.hook_normalized") rows[l] = readRows(data, 12, "mlp.hook_in", 0);
        if (rest !== "hook_mlp_out" || !replaced.includes(l)) return;
        data.set(
          rows[l].flatMap((row, p) =>
            plainRow(coders[l], row).y.map((y, j) =>
              l === 0 ? y : y + plainRow(coders[0], rows[0][p], 1).y[j]
            )
          ),
        );
      });
      const V = model.config.vocabSize, at = POSITIONS[b];
      const row = expected.logits.subarray(at * V, (at + 1) * V);
      assertLikeOracle(logits, 0, { shape: [V], data: row }, `replaced ${replaced}`, 2e-5);
    }
  }
});

Deno.test("Coders replace at some positions only: elsewhere the model keeps its own value", async () => {
  await using context = setup(ARCHITECTURES["GPT-NeoX"]);
  const { model, weights, prompts } = context;
  const pos = Math.max(...prompts.map((prompt) => prompt.length));
  const replaced = (p: number) => p % 3 !== 1;
  const mask = Float32Array.from({ length: 2 * pos }, (_, i) => Number(replaced(i % pos)));
  const positions = tensor(mask, [2, pos, 1]);
  const z = "blocks.1.attn.hook_z";
  const { dHead: e, nHeads: H } = model.config;
  const head = randomCoder({
    ...{ kind: "sae", dIn: e, dOut: e, inputHook: z, outputHook: z, head: 2 },
  }, 3);
  const mlp = mlpCoder(12, "mlp.hook_in");
  for (const coders of [[mlp], [head], [mlp, head]]) {
    const options = replacement(model, { coders, positions });
    const logits = await model.logits(prompts, POSITIONS, options);
    for (const [b, prompt] of prompts.entries()) {
      let rows: number[][] = [];
      const expected = oracle(model.config, weights, prompt, (point, { data }) => {
        if (point === "blocks.0.ln2.hook_normalized") rows = readRows(data, 12, "mlp.hook_in", 0);
        for (let p = 0; p < prompt.length; p++) {
          if (!replaced(p)) continue;
          if (point === "blocks.0.hook_mlp_out" && coders.includes(mlp)) {
            data.set(plainRow(mlp, rows[p]).y, p * 12);
          }
          if (point === z && coders.includes(head)) {
            const at = (p * H + 2) * e;
            data.set(plainRow(head, data.slice(at, at + e)).y, at);
          }
        }
      });
      const V = model.config.vocabSize, at = POSITIONS[b];
      const row = expected.logits.subarray(at * V, (at + 1) * V);
      assertLikeOracle(logits, b, { shape: [V], data: row }, "logits", 2e-5);
    }
  }
});
