import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ARCHITECTURES } from "../../../tests/support/hook_checks.ts";
import {
  randomModel,
  randomTokens,
  smallConfig,
  uniform,
} from "../../../tests/support/random_model.ts";
import { add, type Feeds, mul, reshape, tensor, type Value } from "../../onnx/mod.ts";
import { headOutputs } from "../blocks/attention.ts";
import { mlp } from "../blocks/block.ts";
import { BLOCK_WEIGHTS, blockWeightShapes, type MlpWeights } from "../blocks/block_weights.ts";
import type { Readout } from "../blocks/embedding.ts";
import { hookName } from "../blocks/hook_names.ts";
import { BATCH, HookPoints, POS } from "../blocks/hooks.ts";
import {
  defineSplice,
  type Splice,
  type SplicedLayer,
  spliceHookName,
  type SpliceScope,
} from "../blocks/splice.ts";
import type { ModelConfig } from "../config.ts";
import { type ModelOptions } from "../hooked_model.ts";
import { inPasses } from "./passes.ts";
import { StackProgram } from "./stack.ts";
import {
  coder,
  coderWeights,
  POSITIONS,
  READOUT,
  setup,
} from "../../../tests/support/spliced_coder.ts";

const MLP_WEIGHTS = BLOCK_WEIGHTS.filter((name) => /^(ln2|in|out)_/.test(name));

/** The block's own MLP, with weights fed to the splice. */
const copiedMlp = defineSplice("copied-mlp", (config: ModelConfig) => {
  const shapes = blockWeightShapes(config);
  return {
    weights: Object.fromEntries(MLP_WEIGHTS.map((name) => [name, shapes[name]])),
    reads: ["hook_mlp_in"],
    at: {
      hook_mlp_out: (_, { weights, read }) =>
        mlp(read("hook_mlp_in"), weights as unknown as MlpWeights, {
          config,
          hooks: new HookPoints({}),
        }),
    },
  };
});

/** The block's own output of attention from the heads' z, as a second splice of the same block. */
const copiedOutput = defineSplice("copied-output", (config: ModelConfig) => {
  const { o_w, o_b } = blockWeightShapes(config);
  return {
    weights: { o_w, o_b },
    reads: ["attn.hook_z"],
    at: {
      hook_attn_out: (_, { weights, read }) => {
        const w = weights as unknown as Parameters<typeof headOutputs>[1];
        return headOutputs(read("attn.hook_z"), w, { config, hooks: new HookPoints({}) });
      },
    },
  };
});

async function copies(config: ModelConfig, source: ReturnType<typeof randomModel>["source"]) {
  const pick = (unit: Feeds, names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, unit[name]]));
  const splices: SplicedLayer[] = [];
  for (let layer = 0; layer < config.nLayers; layer++) {
    const unit = await source.load(String(layer));
    splices.push({ layer, splice: copiedMlp(config), weights: pick(unit, MLP_WEIGHTS) });
    splices.push({ layer, splice: copiedOutput(config), weights: pick(unit, ["o_w", "o_b"]) });
  }
  return splices;
}

const FORMS: [string, ModelOptions][] = [
  ["layer by layer", {}],
  ["in one session", { form: { layersPerSession: 2 } }],
  ["with baked weights", { form: { baked: true } }],
  ["with weights streamed", { memoryBudget: 0 }],
];

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  for (const [form, options] of FORMS) {
    Deno.test(`Splices that copy what they replace give the bits of ${name}, ${form}`, async () => {
      await using context = setup(config, options);
      const { model, source, prompts } = context;
      const splices = await copies(config, source);
      const read = ["hook_mlp_out", "hook_attn_out", "hook_resid_post"].flatMap((point) =>
        [0, 1].map((l) => hookName(l, point))
      );
      const wanted = ["hook_resid_pre", "attn.hook_z", "hook_mlp_out"].map((p) => hookName(0, p));
      const all = async (options: { splices?: SplicedLayer[] }) => ({
        run: await model.run(prompts, { read, ...options }),
        logits: await model.logits(prompts, POSITIONS, options),
        allLogits: await model.allLogits(prompts, options),
        metric: await model.metric(prompts, POSITIONS, READOUT, options),
        gradients: await model.gradients(prompts, POSITIONS, READOUT, wanted, options),
      });
      assertEquals(await all({ splices }), await all({}));
    });
  }
}

const shifted = defineSplice("shifted", ({ d }: { d: number }) => ({
  weights: { delta: [BATCH, POS, d] },
  at: { hook_resid_post: (computed, { weights }) => add(computed, weights.delta) },
}));

Deno.test("What a splice is fed for each prompt is cut where prompts are taken in several passes", async () => {
  const config = smallConfig("gpt_neox");
  await using context = setup(config);
  const { model } = context;
  const prompts = [1, 2, 3].map((seed) => randomTokens(4, config.vocabSize, seed));
  const next = uniform(8);
  const delta = tensor(Float32Array.from({ length: 3 * 4 * 12 }, next), [3, 4, 12]);
  const splices = [{ layer: 0, splice: shifted({ d: 12 }), weights: { delta } }];
  const ids = Int32Array.of(3, 5, 1, 8, 0, 2);
  const readout: Readout = {
    kind: "logits",
    ids,
    weights: Float32Array.of(1, -1, 1, -1, 1, -1),
    width: 2,
  };
  const whole = { prompts, positions: [3, 3, 3], readout, options: { splices } };
  const hook = "blocks.0.hook_resid_pre";
  const run = (size: number) =>
    inPasses(
      whole,
      size,
      (p) => model.gradients(p.prompts, p.positions, p.readout, [hook], p.options),
    );
  const [together, apart] = [await run(3), await run(1)];
  together.values.forEach((x, i) => assert(Math.abs(x - apart.values[i]) < 1e-5));
  const expected = together.gradients.get(hook)!, found = apart.gradients.get(hook)!;
  assertEquals(found.shape, expected.shape);
  expected.data.forEach((x, i) => assert(Math.abs(x - found.data[i]) < 1e-5));
  const plain = await model.metric(prompts, whole.positions, readout);
  assert(together.values.some((x, i) => Math.abs(x - plain[i]) > 0.1), "the splice has an effect");
});

const halved = defineSplice("halved", (point: "hook_mlp_out" | "hook_attn_out") => ({
  weights: {},
  reads: ["hook_resid_pre"],
  at: { [point]: (_: Value, { read }: SpliceScope) => mul(read("hook_resid_pre"), 0.5) },
}));

Deno.test("What a splice replaces without reading it is not computed", async () => {
  for (const config of Object.values(ARCHITECTURES)) {
    const operators = async (splices: Splice[]) => {
      const spec = { plans: [{ splices }], gradient: true };
      const { forward, backward } = await StackProgram.compile(config, spec, { threads: 1 });
      const names = [...forward.inputNames, ...backward!.inputNames];
      const count = (op: string) =>
        [forward, backward!].map(({ model }) => model.operators.get(op) ?? 0).join();
      const found = { softmax: count("Softmax"), norms: count("LayerNormalization"), names };
      await forward.release();
      await backward!.release();
      return found;
    };
    const plain = await operators([]);
    assert(plain.names.includes("0.in_w") && plain.names.includes("0.qkv_w"));
    const noMlp = await operators([halved("hook_mlp_out")]);
    assertEquals([noMlp.softmax, noMlp.norms.startsWith("1")], [plain.softmax, true]);
    for (const name of MLP_WEIGHTS) assert(!noMlp.names.includes(`0.${name}`), name);
    const noHeads = await operators([halved("hook_attn_out")]);
    assertEquals(noHeads.softmax, "0,0");
    for (const name of noHeads.names) assert(!/ln1|qkv|0\.o_/.test(name), name);
    const coded = await operators([coder({ d: config.dModel, error: true })]);
    assert(coded.names.includes("0.in_w"), "the error reads what the MLP computes");
    assert(coded.names.includes("0.splice:coder.A"));
  }
});

Deno.test("Splices with other settings are other programs, and the same settings one", async () => {
  const config = smallConfig("gpt_neox");
  await using context = setup(config);
  const { model, prompts } = context;
  let compiled = 0;
  const original = model.runtime.compiled.bind(model.runtime);
  model.runtime.compiled = (key, build) =>
    original(key, (options) => {
      compiled++;
      return build(options);
    });
  const run = (error: boolean) => {
    const splice = coder({ d: config.dModel, error });
    return model.logits(prompts, POSITIONS, {
      splices: [{ layer: 1, splice, weights: coderWeights(config) }],
    });
  };
  const first = await run(false);
  const after = compiled;
  assertEquals(await run(false), first);
  assertEquals(compiled, after);
  assert((await run(true)).data.some((x, i) => Math.abs(x - first.data[i]) > 1e-3));
  assertEquals(compiled, after + 1);
});

const careless = defineSplice("careless", (what: "reads" | "later" | "shape" | "point") => ({
  weights: {},
  reads: what === "later" ? ["hook_resid_post"] : [],
  at: {
    hook_mlp_out: (computed, { read, at }) => {
      if (what === "reads") return read("hook_resid_pre");
      if (what === "later") return read("hook_resid_post");
      if (what === "point") return at("hook_acts", computed);
      return reshape(computed, ["rows", 12]);
    },
  },
}));

Deno.test("A splice that does not fit is refused, with its name", async () => {
  const config = smallConfig("gpt_neox");
  await using context = setup(config);
  const { model, prompts } = context;
  const run = (...splices: SplicedLayer[]) => model.logits(prompts, POSITIONS, { splices });
  const splice = coder({ d: 12, error: false }), weights = coderWeights(config);
  await assertRejects(() => run({ layer: 2, splice, weights }), Error, "layers 0 … 1");
  await assertRejects(() => run({ layer: 0, splice, weights: { A: weights.A } }), Error, '"B" is');
  await assertRejects(
    () => run({ layer: 0, splice, weights: { ...weights, C: weights.A } }),
    Error,
    '"C" is unknown',
  );
  await assertRejects(
    () => run({ layer: 0, splice, weights: { A: weights.B, B: weights.A } }),
    Error,
    'feed "0.splice:coder.',
  );
  const other = { layer: 0, splice: halved("hook_mlp_out"), weights: {} };
  await assertRejects(() => run({ layer: 0, splice, weights }, other), Error, "both at hook point");
  await assertRejects(() => run(other, other), Error, "twice");
  const wrong = (what: Parameters<typeof careless>[0]) =>
    run({ layer: 0, splice: careless(what), weights: {} });
  await assertRejects(() => wrong("reads"), Error, 'list it in "reads"');
  await assertRejects(() => wrong("later"), Error, "does not compute before it");
  await assertRejects(() => wrong("point"), Error, 'list it in "points"');
  await assertRejects(() => wrong("shape"), Error, "in place of");
  await assertRejects(
    () => model.run(prompts, { read: [spliceHookName(0, "coder", "hook_acts")] }),
    Error,
    "unknown hook",
  );
});

Deno.test("defineSplice() refuses a name that is taken or would be ambiguous", () => {
  const form = () => ({ weights: {}, at: {} });
  assertThrows(() => defineSplice("coder", form), Error, 'two splices are named "coder"');
  assertThrows(() => defineSplice("a.b", form), Error, "letters, digits");
  const clash = defineSplice("mlp", () => ({ weights: {}, points: ["hook_pre"], at: {} }));
  assertThrows(() => clash({}), Error, "mlp.hook_pre");
});
