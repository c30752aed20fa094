import { assert, assertEquals, assertRejects } from "@std/assert";
import { ARCHITECTURES, assertLikeOracle, hookSets } from "../../../tests/support/hook_checks.ts";
import { oracle } from "../../../tests/oracle/oracle_transformer.ts";
import { randomModel, randomTokens, smallConfig } from "../../../tests/support/random_model.ts";
import { NdTensor } from "../../onnx/mod.ts";
import type { HookPointName } from "../blocks/mod.ts";
import type { ModelConfig } from "../config.ts";
import { HookedModel } from "../hooked_model.ts";
import { Runtime } from "../runtime.ts";

function setup(config: ModelConfig) {
  const { source, weights } = randomModel(config, 3);
  const prompts = [randomTokens(5, config.vocabSize, 1), randomTokens(7, config.vocabSize, 2)];
  const model = HookedModel.fromSource(source, { runtime: new Runtime({ threads: 1 }) });
  return { model, weights, prompts, [Symbol.asyncDispose]: () => model.runtime.close() };
}

/** Not linear, so that the order of edits matters; keeps zeros of patterns and the mask of scores. */
const edited = (x: number) => x > 0 ? 0.8 * x : x;

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`${name}: functions at all hook points give what the oracle gives with the same edits`, async () => {
    await using context = setup(config);
    const { model, weights, prompts } = context;
    for (const set of [0, 1]) {
      const names = [...new Set([0, 1].flatMap((layer) => hookSets(config, layer)[set]))];
      const order: string[] = [];
      // The functions are given in reverse: the run must call them in its own order.
      const hooks = names.map((at) => ({
        at: at as HookPointName,
        call: (value: NdTensor) => (order.push(at), value.map(edited)),
      })).toReversed();
      const logits = await model.allLogits(prompts, { hooks });
      const expectedOrder: string[] = [];
      prompts.forEach((prompt, b) => {
        const run = oracle(config, weights, prompt, (point, { data }) => {
          if (!names.includes(point)) return;
          if (b === 0) expectedOrder.push(point);
          data.forEach((x, i) => data[i] = edited(x));
        });
        const shape = [prompt.length, config.vocabSize];
        assertLikeOracle(logits, b, { shape, data: run.logits }, `logits, set ${set}`);
      });
      assertEquals(new Set(order), new Set(expectedOrder));
      const plain = await model.allLogits(prompts);
      assert(plain.data.some((x, i) => Math.abs(x - logits.data[i]) > 1e-2), "edits change logits");
    }
  });
}

Deno.test("a function sees patches and earlier functions, and one that returns nothing changes nothing", async () => {
  await using context = setup(smallConfig("gpt_neox"));
  const { model, prompts } = context;
  const hook = "blocks.0.hook_attn_out", at = "blocks.1.attn.hook_z";
  const shape = [2, 7, 12];
  const value = new NdTensor(new Float32Array(2 * 7 * 12).fill(0.5), shape);
  const patches = [{ hook, value }];
  const seen: NdTensor[] = [];
  const looks = (name: HookPointName) => ({ at: name, call: (x: NdTensor) => void seen.push(x) });
  const hooks = [looks(at), looks(hook)];
  const found = await model.run(prompts, { patches, hooks, read: [at] });
  const plain = await model.run(prompts, { patches, read: [at] });
  assertEquals(seen.map((x) => x.toArray()), [value.toArray(), plain.hooks.get(at)!.toArray()]);
  assertEquals(found.residual.data, plain.residual.data);
});

Deno.test("functions act in runs that stop early, continue after a prefix, and in gradients", async () => {
  await using context = setup(smallConfig("gpt2"));
  const { model, prompts: [, prompt] } = context;
  const at = "blocks.0.hook_mlp_out";
  const hooks = [{ at, call: (x: NdTensor) => x.map(edited) } as const];
  const value = (await model.run([prompt], { read: [at] })).hooks.get(at)!.map(edited);
  const patches = [{ hook: at, value }];
  const close = (a: NdTensor, b: NdTensor) =>
    a.data.forEach((x, i) => assert(Math.abs(x - b.data[i]) < 1e-5 * (1 + Math.abs(x))));
  const stopped = await model.run([prompt], { hooks, to: 1 });
  close(stopped.residual, (await model.run([prompt], { patches, to: 1 })).residual);
  const { past } = await model.run([prompt.slice(0, 3)], { keysValues: true });
  const rest = await model.logits([prompt.slice(3)], undefined, { past, hooks });
  const suffix = value.slice(null, [3, 7]);
  const expected = { past, patches: [{ hook: at, value: suffix }] };
  close(rest, await model.logits([prompt.slice(3)], undefined, expected));
  const readout = {
    kind: "logits" as const,
    ids: Int32Array.of(1),
    weights: Float32Array.of(1),
    width: 1,
  };
  const wrt = ["blocks.0.hook_resid_pre"];
  const [a, b] = [
    await model.gradients([prompt], [6], readout, wrt, { hooks }),
    await model.gradients([prompt], [6], readout, wrt, { patches }),
  ];
  close(NdTensor.of(a.gradients.get(wrt[0])!), NdTensor.of(b.gradients.get(wrt[0])!));
});

Deno.test("a hook that the run does not reach, or a result of another shape, is named", async () => {
  await using context = setup(smallConfig("gpt_neox"));
  const { model, prompts } = context;
  const call = (x: NdTensor) => x.slice(0);
  await assertRejects(
    () => model.run(prompts, { hooks: [{ at: "blocks.1.hook_mlp_out", call }], to: 1 }),
    Error,
    'hook "blocks.1.hook_mlp_out" is not part of this run',
  );
  await assertRejects(
    () => model.run(prompts, { hooks: [{ at: "blocks.0.hook_mlp_out", call }] }),
    Error,
    'the function at hook "blocks.0.hook_mlp_out" returned shape [7,12], expected [2,7,12]',
  );
});
