import { assert, assertEquals, assertRejects } from "@std/assert";
import { ARCHITECTURES, oracleMetric, paddedIndex } from "../../../tests/support/hook_checks.ts";
import { type HookValue, oracle } from "../../../tests/oracle/oracle_transformer.ts";
import {
  randomModel,
  randomTokens,
  smallConfig,
  uniform,
} from "../../../tests/support/random_model.ts";
import {
  gradients,
  Graph,
  Session,
  type Tensor,
  tensor,
  type Value,
  where,
} from "../../onnx/mod.ts";
import { block } from "../blocks/block.ts";
import { declareWeights, weightFeeds } from "../blocks/block_weights.ts";
import type { Readout } from "../blocks/embedding.ts";
import { hookName, hookNames, linearPoints } from "../blocks/hook_names.ts";
import { hookedNorm } from "../blocks/hooked_norm.ts";
import { BATCH, HookPoints, POS } from "../blocks/hooks.ts";
import { sequenceFeeds, sequenceInputs } from "../blocks/sequence.ts";
import type { ModelConfig } from "../config.ts";
import { HookedModel } from "../hooked_model.ts";
import { Runtime } from "../runtime.ts";

const POSITIONS = [4, 6];
const READOUT: Readout = {
  kind: "logits",
  ids: Int32Array.of(3, 5, 8, 0),
  weights: Float32Array.of(1, -1, 0.5, -2),
  width: 2,
};

function setup(config: ModelConfig) {
  const { source, weights } = randomModel(config, 3);
  const prompts = [randomTokens(5, config.vocabSize, 1), randomTokens(7, config.vocabSize, 2)];
  const model = HookedModel.fromSource(source, { runtime: new Runtime({ threads: 1 }) });
  return { model, source, weights, prompts, [Symbol.asyncDispose]: () => model.runtime.close() };
}

/** Sets of frozen hook points of a model. */
function frozenSets(config: ModelConfig): Record<string, string[]> {
  return {
    "patterns": hookNames(config, "attn.hook_pattern"),
    "LayerNorm scales": linearPoints(config).filter((name) => name.endsWith("hook_scale")),
    "patterns, scales and MLP activations": [
      ...linearPoints(config),
      ...hookNames(config, "mlp.hook_post"),
    ],
    "heads' outputs of layer 1": [hookName(1, "attn.hook_z")],
    "the residual stream after layer 0": [hookName(0, "hook_resid_post")],
  };
}

const WANTED = ["hook_resid_pre", "attn.hook_v", "attn.hook_k", "hook_attn_out", "hook_mlp_out"]
  .map((point) => hookName(0, point));

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  for (const [what, freeze] of Object.entries(frozenSets(config))) {
    Deno.test(`Gradients of ${name} with ${what} frozen are the oracle's differences with them held`, async () => {
      await using context = setup(config);
      const { model, weights, prompts } = context;
      const next = uniform(12);
      const { values, gradients } = await model.gradients(prompts, POSITIONS, READOUT, WANTED, {
        freeze,
      });
      let apart = 0;
      for (const [b, prompt] of prompts.entries()) {
        const plain = oracle(config, weights, prompt);
        const metric = (held: boolean, hook: string, at: number, by: number) => {
          const edit = (point: string, value: HookValue) => {
            if (held && freeze.includes(point)) value.data.set(plain.hooks.get(point)!.data);
            if (point === hook) value.data[at] += by;
          };
          const run = oracle(config, weights, prompt, edit);
          return oracleMetric(run, b, POSITIONS[b], READOUT, config.vocabSize);
        };
        const own = metric(false, "", 0, 0);
        assert(Math.abs(values[b] - own) < 1e-5 * Math.max(1, Math.abs(own)), `value ${values[b]}`);
        for (const hook of WANTED) {
          const { shape, data } = plain.hooks.get(hook)!;
          const found = gradients.get(hook)!;
          const scale = found.data.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-3);
          for (let sample = 0; sample < 3; sample++) {
            const i = Math.floor((next() + 1) / 2 * data.length);
            const slope = (held: boolean) =>
              (metric(held, hook, i, 1e-5) - metric(held, hook, i, -1e-5)) / 2e-5;
            const expected = slope(true);
            const ours = found.data[paddedIndex(found.shape, b, shape, i)];
            assert(
              Math.abs(ours - expected) < 2e-5 * scale,
              `${hook}, prompt ${b}, element ${i}: ${ours}, by differences ${expected}`,
            );
            apart = Math.max(apart, Math.abs(slope(false) - expected));
          }
        }
      }
      assert(apart > 1e-2, `freezing changes no gradient by more than ${apart}`);
    });
  }

  Deno.test(`The second derivative of ${name} is zero with patterns, scales and MLPs frozen, and not otherwise`, async () => {
    const { source } = randomModel(config, 3);
    const points = ["attn.hook_pattern", "ln1.hook_scale", "ln2.hook_scale", "mlp.hook_post"];
    assertEquals(await secondDerivative(config, source, points), 0);
    for (const missing of points) {
      const others = points.filter((point) => point !== missing);
      // Differentiating a point has the LayerNorm's formula written out, which can be differentiated twice.
      const largest = await secondDerivative(config, source, others, [missing]);
      // Where the activations are frozen, no gradient passes their LayerNorm; a ReLU is linear almost everywhere.
      const isRelu = missing === "mlp.hook_post" && config.activation === "relu";
      if (missing === "ln2.hook_scale" || isRelu) assertEquals(largest, 0);
      else assert(largest > 1e-3, `${missing} not frozen: ${largest}`);
    }
  });
}

/** Largest element of the derivative of `⟨∂⟨c, out⟩/∂x, v⟩` with respect to the input x of two blocks and a LayerNorm. */
async function secondDerivative(
  config: ModelConfig,
  source: ReturnType<typeof randomModel>["source"],
  freeze: string[],
  differentiate: string[] = [],
): Promise<number> {
  const g = new Graph();
  const shape = [BATCH, POS, config.dModel];
  const [x, c, v] = ["x", "c", "v"].map((name) => g.input(name, shape));
  const sequence = sequenceInputs(g, config, false);
  let out: Value = x;
  for (let l = 0; l < config.nLayers; l++) {
    const hooks = new HookPoints({ freeze, differentiate });
    out = block(out, declareWeights(g, config, l), { config, sequence, hooks }).residual;
    hooks.checkPlan();
  }
  const final = new HookPoints({ freeze: ["ln_final.hook_scale"] });
  const [w, b] = ["w", "b"].map((name) => g.input(name, [config.dModel]));
  out = hookedNorm(out, w, b, config, "ln_final", final);
  const [first] = gradients([out], [c], [x]);
  const [second] = gradients([first], [v], [x]);
  // A second derivative of zero reads no input, and a model takes its dimensions from its inputs.
  const sized = where(g.constant([0], [1], "bool"), x, second);
  const session = await Session.compile({ second: sized }, {}, { threads: 1 });
  const next = uniform(4);
  const random = (...dims: number[]): Tensor =>
    tensor(Float32Array.from({ length: dims.reduce((a, d) => a * d, 1) }, next), dims);
  const rows = () => random(2, 5, config.dModel);
  const weights = await Promise.all(
    source.units.slice(1, -1).map(async (unit, l) => weightFeeds(l, await source.load(unit))),
  );
  const result = await session.run({
    x: rows(),
    c: rows(),
    v: rows(),
    w: random(config.dModel),
    b: random(config.dModel),
    ...sequenceFeeds(config, 5),
    ...Object.assign({}, ...weights),
  });
  await session.release();
  return result.second.data.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
}

Deno.test("A frozen hook point still has a gradient of its own", async () => {
  await using context = setup(smallConfig("gpt_neox"));
  const { model, prompts } = context;
  const z = hookName(1, "attn.hook_z");
  const [frozen, free] = await Promise.all(
    [[z], []].map((freeze) =>
      model.gradients(prompts, POSITIONS, READOUT, [z, WANTED[0]], { freeze })
    ),
  );
  assertEquals(frozen.gradients.get(z), free.gradients.get(z));
  const [a, b] = [frozen, free].map((r) => r.gradients.get(WANTED[0])!.data);
  assert(a.some((x, i) => Math.abs(x - b[i]) > 1e-3));
});

Deno.test("HookedModel refuses to freeze hook points that do not exist", async () => {
  await using context = setup(smallConfig("gpt_neox"));
  const { model, prompts } = context;
  const run = (freeze: string[]) => model.logits(prompts, POSITIONS, { freeze });
  await assertRejects(() => run(["blocks.0.attn.hook_zz"]), Error, "unknown hook");
  await assertRejects(() => run(["blocks.0.hook_resid_mid"]), Error, "parallel");
});
