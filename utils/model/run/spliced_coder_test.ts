import { assert } from "@std/assert";
import {
  ARCHITECTURES,
  assertLikeOracle,
  oracleMetric,
  paddedIndex,
} from "../../../tests/support/hook_checks.ts";
import { type HookValue, oracle } from "../../../tests/oracle/oracle_transformer.ts";
import { smallConfig, uniform } from "../../../tests/support/random_model.ts";
import { tensor } from "../../onnx/mod.ts";
import { spliceHookName } from "../blocks/splice.ts";
import type { ModelConfig } from "../config.ts";
import {
  coder,
  coderWeights,
  FEATURES,
  POSITIONS,
  READOUT,
  setup,
} from "../../../tests/support/spliced_coder.ts";

/** The oracle's hook values for the coder, in plain loops; `acts` are edited on their way. */
function coded(x: Float64Array, { dModel: d }: ModelConfig, edit: (acts: Float64Array) => void) {
  const { A: { data: A }, B: { data: B } } = coderWeights({ dModel: d } as ModelConfig);
  const P = x.length / d;
  const acts = new Float64Array(P * FEATURES), out = new Float64Array(P * d);
  for (let p = 0; p < P; p++) {
    for (let f = 0; f < FEATURES; f++) {
      let total = 0;
      for (let i = 0; i < d; i++) total += x[p * d + i] * A[i * FEATURES + f];
      acts[p * FEATURES + f] = Math.max(0, total);
    }
  }
  edit(acts);
  for (let p = 0; p < P; p++) {
    for (let i = 0; i < d; i++) {
      for (let f = 0; f < FEATURES; f++) out[p * d + i] += acts[p * FEATURES + f] * B[f * d + i];
    }
  }
  return { acts, out };
}

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`A spliced transcoder of ${name} gives the oracle's logits, features and gradients`, async () => {
    await using context = setup(config);
    const { model, weights, prompts } = context;
    const acts = spliceHookName(0, "coder", "hook_acts");
    const next = uniform(5);
    for (const error of [false, true]) {
      const splice = coder({ d: config.dModel, error });
      const splices = [{ layer: 0, splice, weights: coderWeights(config) }];
      const { hooks } = await model.run(prompts, { splices, read: [acts] });
      const logits = await model.logits(prompts, POSITIONS, { splices });
      const wanted = [acts, "blocks.0.hook_mlp_out", "blocks.0.hook_resid_pre"];
      const found = await model.gradients(prompts, POSITIONS, READOUT, wanted, { splices });
      for (const [b, prompt] of prompts.entries()) {
        const V = config.vocabSize, at = POSITIONS[b];
        // What the coder misses of the MLP's output stays as it is in the unperturbed run.
        let missed: Float64Array | undefined;
        const run = (hook: string, i: number, by: number) => {
          let read = new Float64Array(), features = new Float64Array();
          const edit = (point: string, value: HookValue) => {
            if (point === "blocks.0.hook_mlp_in") read = value.data.slice();
            if (point === "blocks.0.hook_mlp_out") {
              const made = coded(read, config, (own) => {
                if (hook === acts) own[i] += by;
              });
              missed ??= value.data.map((x, j) => x - made.out[j]);
              features = made.acts;
              value.data.set(made.out.map((x, j) => error ? x + missed![j] : x));
            }
            if (point === hook) value.data[i] += by;
          };
          return { ...oracle(config, weights, prompt, edit), features };
        };
        const plain = run("", 0, 0);
        const shape = [prompt.length, FEATURES];
        assertLikeOracle(hooks.get(acts)!, b, { shape, data: plain.features }, acts);
        const row = plain.logits.subarray(at * V, (at + 1) * V);
        assertLikeOracle(logits, b, { shape: [V], data: row }, "logits");
        const metric = (hook: string, i: number, by: number) =>
          oracleMetric(run(hook, i, by), b, at, READOUT, V);
        for (const hook of wanted) {
          const width = hook === acts ? FEATURES : config.dModel;
          const gradient = found.gradients.get(hook)!;
          const scale = gradient.data.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-3);
          for (let sample = 0; sample < 6; sample++) {
            const i = Math.floor((next() + 1) / 2 * prompt.length * width);
            const expected = (metric(hook, i, 1e-5) - metric(hook, i, -1e-5)) / 2e-5;
            const ours = gradient.data[paddedIndex(gradient.shape, b, [prompt.length, width], i)];
            assert(
              Math.abs(ours - expected) < 2e-5 * scale,
              `${hook}, error ${error}, prompt ${b}, ${i}: ${ours}, by differences ${expected}`,
            );
          }
        }
      }
    }
  });

  Deno.test(`A transcoder with its error gives the logits of ${name}`, async () => {
    await using context = setup(config);
    const { model, prompts } = context;
    const splice = coder({ d: config.dModel, error: true });
    const splices = [0, 1].map((layer) => ({ layer, splice, weights: coderWeights(config) }));
    const [own, spliced] = [
      await model.logits(prompts, POSITIONS),
      await model.logits(prompts, POSITIONS, { splices }),
    ];
    own.data.forEach((x, i) => assert(Math.abs(x - spliced.data[i]) < 2e-5 * (1 + Math.abs(x))));
  });
}

Deno.test("Features of a splice can be patched like any hook point", async () => {
  const config = smallConfig("gpt2");
  await using context = setup(config);
  const { model, prompts } = context;
  const acts = spliceHookName(1, "coder", "hook_acts");
  const splice = coder({ d: config.dModel, error: false });
  const splices = [{ layer: 1, splice, weights: coderWeights(config) }];
  const { hooks } = await model.run(prompts, { splices, read: [acts] });
  const value = tensor(new Float32Array(hooks.get(acts)!.data.length), hooks.get(acts)!.shape);
  const silent = await model.run(prompts, {
    splices,
    patches: [{ hook: acts, value }],
    read: ["blocks.1.hook_mlp_out"],
  });
  assert(silent.hooks.get("blocks.1.hook_mlp_out")!.data.every((x) => x === 0));
  // Patched at every position, features pass no gradient; frozen ones do not either.
  const before = ["blocks.1.hook_mlp_in"];
  for (const how of [{ patches: [{ hook: acts, value }] }, { freeze: [acts] }]) {
    const { gradients } = await model.gradients(prompts, POSITIONS, READOUT, before, {
      splices,
      ...how,
    });
    assert(gradients.get(before[0])!.data.every((x) => x === 0));
  }
});
