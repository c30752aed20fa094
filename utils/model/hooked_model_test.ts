import { assert, assertEquals, assertRejects } from "@std/assert";
import { ARCHITECTURES } from "../../tests/support/hook_checks.ts";
import { randomModel, randomTokens, smallConfig } from "../../tests/support/random_model.ts";
import type { Tensor } from "../onnx/mod.ts";
import type { ModelConfig } from "./config.ts";
import type { Readout } from "./blocks/embedding.ts";
import { HookedModel, type ModelOptions } from "./hooked_model.ts";
import { Runtime } from "./runtime.ts";

const REFERENCE = new URL("../../tests/reference/", import.meta.url).pathname;

/** A model that is closed, with its sessions, at the end of the test. */
function open(config: ModelConfig, options: ModelOptions = {}, threads = 1) {
  const { source, loads } = randomModel(config, 7);
  const runtime = options.runtime ?? new Runtime({ threads });
  const model = HookedModel.fromSource(source, { ...options, runtime });
  return Object.assign(model, { loads, [Symbol.asyncDispose]: () => runtime.close() });
}

function promptsOf(config: ModelConfig, lengths: number[]): number[][] {
  return lengths.map((length, i) => randomTokens(length, config.vocabSize, 20 + i));
}

const last = (prompts: number[][]) => prompts.map((p) => p.length - 1);

/** One correct and one wrong token per prompt. */
function readoutOf(n: number): Readout {
  const ids = Int32Array.from({ length: 2 * n }, (_, i) => (5 * i + 1) % 17);
  return {
    kind: "logits",
    ids,
    weights: Float32Array.from(ids, (_, i) => 1 - 2 * (i % 2)),
    width: 2,
  };
}

/** Fails where two arrays differ by more than `tolerance` of the largest value. */
function assertClose(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number, what: string) {
  assertEquals(a.length, b.length);
  const values = Array.from(b);
  const scale = values.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  const worst = values.reduce((m, x, i) => Math.max(m, Math.abs(x - a[i])), 0);
  assert(worst <= tolerance * scale, `${what}: differs by ${worst / scale} of the largest value`);
}

const HOOKS = ["blocks.0.hook_resid_pre", "blocks.1.attn.hook_z"];

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`${name}: padding, batch size and extra positions change no logit`, async () => {
    await using model = open(config);
    const prompts = promptsOf(config, [3, 9, 5, 1, 9]);
    const together = await model.logits(prompts, last(prompts));
    const padded = await model.logits(prompts, last(prompts), { pos: 14 });
    assertClose(padded.data, together.data, 1e-6, "padded to 14 positions");
    const V = config.vocabSize;
    for (const [i, prompt] of prompts.entries()) {
      const alone = await model.logits([prompt], [prompt.length - 1]);
      assertClose(
        alone.data,
        together.data.subarray(i * V, (i + 1) * V),
        2e-6,
        `prompt ${i} alone`,
      );
    }
  });

  Deno.test(`${name}: gradients do not depend on batch, padding or the number of threads`, async () => {
    await using model = open(config);
    await using threaded = open(config, {}, 2);
    const prompts = promptsOf(config, [4, 8, 6]);
    const readout = readoutOf(3);
    const run = (m: HookedModel, options = {}) =>
      m.gradients(prompts, last(prompts), readout, HOOKS, options);
    const together = await run(model);
    for (const other of [await run(threaded), await run(model, { pos: 8 })]) {
      assertClose(other.values, together.values, 1e-6, "values");
      for (const hook of HOOKS) {
        const [a, b] = [other, together].map((r) => r.gradients.get(hook)!.data);
        assertClose(a, b, 1e-6, hook);
      }
    }
    for (const [i, prompt] of prompts.entries()) {
      const part = { ...readout, ids: readout.ids.slice(2 * i, 2 * i + 2) };
      const weights = readout.weights.slice(2 * i, 2 * i + 2);
      const alone = await model.gradients([prompt], last([prompt]), { ...part, weights }, HOOKS);
      for (const hook of HOOKS) {
        const all = together.gradients.get(hook)!;
        const mine = alone.gradients.get(hook)!;
        const row = all.data.length / 3;
        const found = all.data.subarray(i * row, i * row + mine.data.length);
        assertClose(mine.data, found, 1e-6, `${hook} of prompt ${i} alone`);
        const padding = all.data.subarray(i * row + mine.data.length, (i + 1) * row);
        assert(padding.every((x) => x === 0), "padding has no gradient");
      }
    }
  });

  Deno.test(`${name}: two runs give the same bits`, async () => {
    await using model = open(config, {}, 2);
    const prompts = promptsOf(config, [6, 7]);
    const run = () => model.gradients(prompts, last(prompts), readoutOf(2), HOOKS);
    const [first, second] = [await run(), await run()];
    assertEquals(first.values, second.values);
    for (const hook of HOOKS) assertEquals(first.gradients.get(hook), second.gradients.get(hook));
  });

  Deno.test(`${name}: a run continued after a prefix equals the whole run, forward and backward`, async () => {
    await using model = open(config);
    const shared = randomTokens(4, config.vocabSize, 5);
    const suffixes = promptsOf(config, [5, 3]);
    const whole = suffixes.map((s) => [...shared, ...s]);
    const read = ["blocks.1.attn.hook_z", "blocks.0.attn.hook_pattern"];
    const all = await model.run(whole, { read });
    const { past } = await model.run([shared, shared], { keysValues: true });
    assertEquals(past!.length, 4);
    const rest = await model.run(suffixes, { past, read });
    assertClose(rest.residual.data, positionsFrom(all.residual, 4), 2e-6, "residual");
    const z = "blocks.1.attn.hook_z";
    assertClose(rest.hooks.get(z)!.data, positionsFrom(all.hooks.get(z)!, 4), 2e-6, z);
    assertEquals(rest.hooks.get("blocks.0.attn.hook_pattern")!.shape, [2, config.nHeads, 5, 9]);

    const readout = readoutOf(2);
    const full = await model.gradients(whole, last(whole), readout, HOOKS);
    const part = await model.gradients(suffixes, last(suffixes), readout, HOOKS, { past });
    assertClose(part.values, full.values, 2e-6, "metric");
    for (const hook of HOOKS) {
      const expected = positionsFrom(full.gradients.get(hook)!, 4);
      assertClose(part.gradients.get(hook)!.data, expected, 5e-6, hook);
    }
  });

  Deno.test(`${name}: a third of the memory gives the same bits and reads more`, async () => {
    const prompts = promptsOf(config, [6, 4]);
    await using free = open({ ...config, nLayers: 6 });
    const budget = free.weights.totalBytes / 3;
    await using tight = open({ ...config, nLayers: 6 }, { memoryBudget: budget });
    assert(!tight.weights.allInMemory && free.weights.allInMemory);
    for (let i = 0; i < 3; i++) {
      const [a, b] = [
        await free.logits(prompts, last(prompts)),
        await tight.logits(prompts, last(prompts)),
      ];
      assertEquals(a.data, b.data);
    }
    const gradients = (m: HookedModel) => m.gradients(prompts, last(prompts), readoutOf(2), HOOKS);
    assertEquals(await gradients(free), await gradients(tight));
    assertEquals(free.loads(), 8);
    assert(tight.loads() > 2 * 8, `${tight.loads()} units read`);
  });

  Deno.test(`${name}: several layers per session and baked weights give the same numbers`, async () => {
    const deep = { ...config, nLayers: 3 };
    const prompts = promptsOf(config, [6, 4]);
    await using plain = open(deep);
    const run = async (m: HookedModel) => {
      const { gradients, values } = await m.gradients(prompts, last(prompts), readoutOf(2), HOOKS);
      const { hooks } = await m.run(prompts, { read: HOOKS });
      return { gradients, values, hooks };
    };
    const expected = await run(plain);
    for (
      const form of [{ layersPerSession: 2 }, { layersPerSession: 3, baked: true }, { baked: true }]
    ) {
      await using other = open(deep, { form });
      const found = await run(other);
      assertClose(found.values, expected.values, 2e-6, JSON.stringify(form));
      for (const hook of HOOKS) {
        for (const kind of ["gradients", "hooks"] as const) {
          const [a, b] = [found, expected].map((r) => r[kind].get(hook)!.data);
          assertClose(a, b, 5e-6, `${kind} ${hook} ${JSON.stringify(form)}`);
        }
      }
    }
  });
}

/** Positions `from …` of a `[batch, pos, …]` value. */
function positionsFrom({ data, shape }: Tensor<Float32Array>, from: number): number[] {
  const [batch, pos, ...rest] = shape;
  const width = rest.reduce((a, b) => a * b, 1);
  return Array.from(
    { length: batch },
    (_, b) => [...data.subarray((b * pos + from) * width, (b + 1) * pos * width)],
  ).flat();
}

Deno.test("Threads, batch size and padding change no logit of a model wide enough to be split", async () => {
  const config = smallConfig("gpt_neox", { nHeads: 4, dModel: 128, dHead: 32, dMlp: 512 });
  await using one = open(config, {}, 1);
  await using two = open(config, {}, 2);
  const prompts = promptsOf(config, Array.from({ length: 40 }, (_, i) => 3 + i % 9));
  const all = await one.logits(prompts, last(prompts));
  const V = config.vocabSize;
  assertClose((await two.logits(prompts, last(prompts))).data, all.data, 1e-6, "two threads");
  assertClose((await two.logits(prompts, last(prompts), { pos: 16 })).data, all.data, 1e-6, "pos");
  for (const i of [0, 17, 39]) {
    const alone = await two.logits([prompts[i]], [prompts[i].length - 1]);
    assertClose(alone.data, all.data.subarray(i * V, (i + 1) * V), 1e-6, `prompt ${i} alone`);
  }
});

Deno.test("Checkpoints that share a runtime share compiled programs, each with its own weights", async () => {
  const config = smallConfig("gpt_neox");
  const runtime = new Runtime({ threads: 1 });
  const models = [1, 2].map((seed) =>
    HookedModel.fromSource(randomModel(config, seed).source, { runtime })
  );
  let compiled = 0;
  const original = runtime.compiled.bind(runtime);
  runtime.compiled = (key, build) =>
    original(key, (options) => {
      compiled++;
      return build(options);
    });
  const prompts = promptsOf(config, [4]);
  const first = await models[0].logits(prompts, [3]);
  const after = compiled;
  const second = await models[1].logits(prompts, [3]);
  assertEquals(compiled, after);
  assert(first.data.some((x, i) => Math.abs(x - second.data[i]) > 0.1));
  await runtime.close();
});

Deno.test("HookedModel warns once of more positions than a rotary model was trained for", async () => {
  const config = smallConfig("gpt_neox"), runtime = new Runtime();
  const models = [1, 2].map((seed) =>
    HookedModel.fromSource(randomModel(config, seed).source, { runtime })
  );
  const lines: string[] = [];
  const warn = console.warn;
  console.warn = (line: string) => lines.push(line);
  try {
    for (const model of models) {
      await model.run([new Array(config.maxPositions).fill(1)]);
      assertEquals(lines.length, model === models[0] ? 0 : 1);
      await model.run([[1], new Array(config.maxPositions + 1).fill(1)]);
      assertEquals(lines.length, 1);
    }
  } finally {
    console.warn = warn;
    await runtime.close();
  }
  assert(lines[0].includes("the longest prompt has 17 tokens, more than the 16"), lines[0]);
});

Deno.test("HookedModel refuses prompts that are empty, unknown or too long", async () => {
  await using model = open(smallConfig("gpt2"));
  const run = (prompts: number[][]) => model.run(prompts);
  await assertRejects(() => run([]), Error, "no prompts");
  await assertRejects(() => run([[1], []]), Error, "prompt 1 has no tokens");
  await assertRejects(() => run([[1, 17]]), Error, "prompt 0: token id 17");
  await assertRejects(() => run([[1.5]]), Error, "token id 1.5");
  await assertRejects(
    () => run([new Array(17).fill(1)]),
    Error,
    "longest prompt has 17 tokens; expected at most 16",
  );
  await assertRejects(
    () => model.run([[1], [1, 2]], { keysValues: true }),
    Error,
    "prompts of one length",
  );
});

Deno.test("HookedModel.load() names file and tensor of a damaged checkpoint", async () => {
  for (
    const [folder, ...parts] of [
      ["missing_tensor", "missing"],
      ["wrong_shape", "shape"],
      ["truncated", "truncated"],
      ["nan_weight", "NaN"],
    ]
  ) {
    const { message } = await assertRejects(async () => {
      const model = await HookedModel.load(`${REFERENCE}formats/${folder}`);
      await model.logits([[1, 2, 3]], [2]);
    }, Error);
    for (const part of [folder, ...parts]) assert(message.includes(part), message);
  }
});

Deno.test("Every stored format of a checkpoint gives the same logits", async () => {
  const runtime = new Runtime({ threads: 1 });
  const logits = async (folder: string) => {
    const model = await HookedModel.load(REFERENCE + folder, { runtime });
    const { data } = await model.logits([[5, 17, 2, 40]], [3]);
    model.close();
    return data;
  };
  const exact = await logits("neox/model");
  for (const folder of ["sharded_safetensors", "sharded_bin"]) {
    assertEquals(await logits(`formats/${folder}`), exact);
  }
  const half = await logits("formats/bin_f16");
  assertEquals(await logits("formats/safetensors_f16"), half);
  assertClose(half, exact, 5e-3, "float16");
  assertClose(await logits("formats/safetensors_bf16"), exact, 4e-2, "bfloat16");
  await runtime.close();
});
