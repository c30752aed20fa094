import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ARCHITECTURES,
  assertLikeOracle,
  hookSets,
  oracleMetric,
  paddedIndex,
} from "../../../tests/support/hook_checks.ts";
import { type HookValue, oracle } from "../../../tests/oracle/oracle_transformer.ts";
import {
  randomModel,
  randomTokens,
  smallConfig,
  uniform,
} from "../../../tests/support/random_model.ts";
import { type Tensor, tensor } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import type { Readout } from "../blocks/embedding.ts";
import { HookedModel, type Patch } from "../hooked_model.ts";
import { BLOCK_HOOKS, OUTER_HOOKS } from "../blocks/hook_names.ts";
import { Runtime } from "../runtime.ts";

const LAYER = 0;
const POSITIONS = [4, 6];

/** A random model, two prompts of different lengths, and the release of all sessions at the end of the test. */
function setup(config: ModelConfig) {
  const { source, weights } = randomModel(config, 3);
  const prompts = [randomTokens(5, config.vocabSize, 1), randomTokens(7, config.vocabSize, 2)];
  const model = HookedModel.fromSource(source, { runtime: new Runtime({ threads: 1 }) });
  return { model, weights, prompts, [Symbol.asyncDispose]: () => model.runtime.close() };
}

const readouts: Record<string, Readout> = {
  logits: {
    kind: "logits",
    ids: Int32Array.of(3, 5, 8, 0),
    weights: Float32Array.of(1, -1, 0.5, -2),
    width: 2,
  },
  probabilities: {
    kind: "probabilities",
    ids: Int32Array.of(3, 5, 8, 1, 2, 0),
    weights: Float32Array.of(1, -1, 1, 0.5, -2, 0),
    width: 3,
  },
};

/** Some elements of a hook point; of scores and patterns causal ones. */
function samples(value: HookValue, next: () => number): number[] {
  const causal = [...value.data.keys()].filter((i) => value.data[i] !== -Infinity);
  return Array.from({ length: 2 }, () => causal[Math.floor((next() + 1) / 2 * causal.length)]);
}

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`HookedModel reads every hook point of ${name} as the oracle computes it`, async () => {
    await using context = setup(config);
    const { model, weights, prompts } = context;
    const runs = prompts.map((p) => oracle(config, weights, p));
    const seen = new Set<string>();
    for (const layer of [0, 1]) {
      for (const read of hookSets(config, layer)) {
        const { hooks } = await model.run(prompts, { read });
        for (const hook of read) {
          runs.forEach((run, b) =>
            assertLikeOracle(hooks.get(hook)!, b, run.hooks.get(hook)!, hook)
          );
          seen.add(hook.replace(/^blocks\.\d+\./, ""));
        }
      }
    }
    const all = [...Object.keys(BLOCK_HOOKS), ...Object.keys(OUTER_HOOKS)].filter((hook) =>
      !(hook === "hook_resid_mid" && config.parallel) &&
      !(hook === "hook_pos_embed" && config.architecture === "gpt_neox")
    );
    assertEquals([...seen].sort(), all.sort());
    const logits = await model.allLogits(prompts);
    runs.forEach((run, b) => {
      const shape = [prompts[b].length, config.vocabSize];
      assertLikeOracle(logits, b, { shape, data: run.logits }, "logits");
    });
  });

  Deno.test(`HookedModel patches every hook point of ${name} as the oracle does`, async () => {
    await using context = setup(config);
    const { model, weights, prompts } = context;
    const next = uniform(11);
    const plain = await model.logits(prompts, POSITIONS);
    for (const set of hookSets(config, LAYER)) {
      const { hooks } = await model.run(prompts, { read: set });
      for (const hook of set) {
        const own = hooks.get(hook)!;
        const unchanged = await model.logits(prompts, POSITIONS, {
          patches: [{ hook, value: own }],
        });
        unchanged.data.forEach((x, i) =>
          assert(Math.abs(x - plain.data[i]) < 2e-5, `${hook} patched with itself: ${x}`)
        );
        const patch = oneCell(hook, own, next);
        const patched = await model.logits(prompts, POSITIONS, { patches: [patch] });
        prompts.forEach((prompt, b) => {
          const { logits } = oracle(config, weights, prompt, (point, value) => {
            if (point === hook) applyPatch(patch, b, value);
          });
          const V = config.vocabSize;
          const row = logits.subarray(POSITIONS[b] * V, (POSITIONS[b] + 1) * V);
          assertLikeOracle(patched, b, { shape: [V], data: row }, `${hook} patched`, 1e-5);
        });
        assert(
          patched.data.some((x, i) => Math.abs(x - plain.data[i]) > 1e-4),
          `${hook}: no effect`,
        );
      }
    }
  });

  for (const [kind, readout] of Object.entries(readouts)) {
    Deno.test(`gradients() of ${kind} at every hook point of ${name} are the oracle's differences`, async () => {
      await using context = setup(config);
      const { model, weights, prompts } = context;
      const next = uniform(12);
      for (const set of hookSets(config, LAYER)) {
        const { values, gradients } = await model.gradients(prompts, POSITIONS, readout, set);
        for (const [b, prompt] of prompts.entries()) {
          const metric = (hook?: string, at = 0, by = 0) =>
            oracleMetric(
              oracle(config, weights, prompt, (point, value) => {
                if (point === hook) value.data[at] += by;
              }),
              b,
              POSITIONS[b],
              readout,
              config.vocabSize,
            );
          assert(Math.abs(values[b] - metric()) < 1e-5 * Math.max(1, Math.abs(metric())));
          const { hooks } = oracle(config, weights, prompt);
          for (const hook of set) {
            const value = hooks.get(hook)!;
            const found = gradients.get(hook)!;
            const scale = found.data.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-3);
            for (const i of samples(value, next)) {
              const expected = (metric(hook, i, 1e-5) - metric(hook, i, -1e-5)) / 2e-5;
              const ours = found.data[paddedIndex(found.shape, b, value.shape, i)];
              assert(
                Math.abs(ours - expected) < 2e-5 * scale,
                `${hook}, prompt ${b}, element ${i}: ${ours}, by differences ${expected}`,
              );
            }
          }
        }
      }
    });
  }
}

/** A patch of other values at one position (and head, and cell of a pattern) of each batch item. */
function oneCell(hook: string, own: Tensor<Float32Array>, next: () => number): Patch {
  const value = tensor(own.data.map((x) => x === -Infinity ? x : x + 1 + next()), own.shape);
  const square = /attn_scores|pattern/.test(hook);
  const maskShape = square ? own.shape : own.shape.with(-1, 1);
  const mask = tensor(new Uint8Array(maskShape.reduce((a, b) => a * b, 1)), maskShape);
  // position 3, second head, and in a pattern also key 2: inside both prompts and causal
  const heads = square || maskShape.length === 4;
  for (const b of [0, 1]) {
    const index = square ? [b, 1, 3, 2] : heads ? [b, 3, 1, 0] : [b, 3, 0];
    mask.data[index.reduce((at, i, axis) => at * maskShape[axis] + i, 0)] = 1;
    // the final LayerNorm acts on the read-out position only
    if (hook.startsWith("ln_final")) mask.data[b * maskShape[1] + POSITIONS[b]] = 1;
  }
  return { hook, value, mask };
}

function applyPatch({ value, mask }: Patch, b: number, target: HookValue) {
  target.data.forEach((_, i) => {
    const at = paddedIndex(value.shape, b, target.shape, i);
    const flag = mask!.shape.at(-1) === value.shape.at(-1)
      ? at
      : Math.floor(at / value.shape.at(-1)!);
    if (mask!.data[flag]) target.data[i] = value.data[at] as number;
  });
}

Deno.test("HookedModel refuses hook points that do not exist, naming those that do", async () => {
  await using context = setup(smallConfig("gpt_neox"));
  const { model, prompts } = context;
  const run = (hook: string) => model.run(prompts, { read: [hook] });
  await assertRejects(() => run("blocks.0.attn.hook_zz"), Error, "blocks.{l}.attn.hook_z");
  await assertRejects(() => run("blocks.2.attn.hook_z"), Error, "layers 0 … 1");
  await assertRejects(() => run("hook_pos_embed"), Error, "rotary");
  await assertRejects(() => run("blocks.0.hook_resid_mid"), Error, "parallel");
});

Deno.test("HookedModel refuses a plan that would be ignored in part", async () => {
  await using context = setup(smallConfig("gpt2"));
  const { model, prompts } = context;
  const { hooks } = await model.run(prompts, { read: ["blocks.0.ln1.hook_scale"] });
  const patch = { hook: "blocks.0.ln1.hook_scale", value: hooks.get("blocks.0.ln1.hook_scale")! };
  await assertRejects(
    () => model.run(prompts, { patches: [patch], read: ["blocks.0.hook_q_input"] }),
    Error,
    "every head normalises its own copy",
  );
  await assertRejects(
    () => model.run(prompts, { patches: [patch, patch] }),
    Error,
    "patched twice",
  );
});

Deno.test("HookedModel refuses a patch of another shape, naming the hook", async () => {
  await using context = setup(smallConfig("gpt2"));
  const { model, prompts } = context;
  const value = tensor(new Float32Array(2 * 7 * 3 * 5), [2, 7, 3, 5]);
  await assertRejects(
    () => model.run(prompts, { patches: [{ hook: "blocks.1.attn.hook_z", value }] }),
    Error,
    "attn.hook_z",
  );
});
