import { assert, assertEquals, assertRejects } from "@std/assert";
import { ARCHITECTURES } from "../../tests/support/hook_checks.ts";
import { randomModel, randomTokens, smallConfig } from "../../tests/support/random_model.ts";
import { tensor } from "../onnx/mod.ts";
import type { ModelConfig } from "./config.ts";
import { HookedModel } from "./hooked_model.ts";
import { Runtime } from "./runtime.ts";

/** A model that is closed, with its sessions, at the end of the test. */
function open(config: ModelConfig) {
  const runtime = new Runtime({ threads: 1 });
  const model = HookedModel.fromSource(randomModel(config, 7).source, { runtime });
  return Object.assign(model, { [Symbol.asyncDispose]: () => runtime.close() });
}

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`${name}: a run to a layer and the blocks from it on give the bits of the whole run`, async () => {
    await using model = open({ ...config, nLayers: 3 });
    const prompts = [5, 7].map((length, i) => randomTokens(length, config.vocabSize, 20 + i));
    const before = [0, 1, 2].map((l) => `blocks.${l}.hook_resid_pre`);
    const last = ["blocks.2.attn.hook_z", "ln_final.hook_scale"];
    const whole = await model.run(prompts, { read: ["hook_embed", ...before, ...last] });
    for (const [to, name] of before.entries()) {
      const part = await model.run(prompts, { to, read: ["hook_embed"] });
      assertEquals(part.residual, whole.hooks.get(name));
      assertEquals(part.hooks.get("hook_embed"), whole.hooks.get("hook_embed"));
      const rest = await model.runBlocks(part.residual, { from: to, read: last });
      assertEquals(rest.residual, whole.residual);
      for (const hook of last) assertEquals(rest.hooks.get(hook), whole.hooks.get(hook));
    }
    const zeros = whole.hooks.get(last[0])!;
    const silent = {
      hook: last[0],
      value: tensor(new Float32Array(zeros.data.length), zeros.shape),
    };
    const patched = await model.run(prompts, { patches: [silent] });
    const { residual } = await model.run(prompts, { to: 2 });
    assertEquals(await model.runBlocks(residual, { from: 2, patches: [silent] }), {
      ...patched,
      hooks: new Map(),
    });
    assert(patched.residual.data.some((x, i) => x !== whole.residual.data[i]));
  });

  Deno.test(`${name}: blocks continue after a prefix of their own`, async () => {
    await using model = open(config);
    const shared = randomTokens(4, config.vocabSize, 5);
    const suffix = randomTokens(3, config.vocabSize, 6);
    const { residual: x } = await model.run([[...shared, ...suffix]], { to: 0 });
    const d = config.dModel;
    const part = (from: number, to: number) =>
      tensor(x.data.subarray(from * d, to * d), [1, to - from, d]);
    const { past } = await model.runBlocks(part(0, 4), { keysValues: true });
    assertEquals([past!.length, past!.layers.length], [4, 2]);
    const rest = await model.runBlocks(part(4, 7), { past });
    const { residual } = await model.run([[...shared, ...suffix]]);
    rest.residual.data.forEach((x, i) => {
      const whole = residual.data[4 * d + i];
      assert(Math.abs(x - whole) < 1e-5 * (1 + Math.abs(whole)), `${x}, in the whole run ${whole}`);
    });
  });
}

Deno.test("HookedModel refuses a hook point that a run does not come to", async () => {
  await using model = open(smallConfig("gpt2"));
  const { residual } = await model.run([[1, 2]], { to: 1 });
  const refused = (run: () => Promise<unknown>, what: string) =>
    assertRejects(run, Error, `"${what}" is not part of this run`);
  for (const hook of ["blocks.1.attn.hook_z", "ln_final.hook_scale"]) {
    await refused(() => model.run([[1, 2]], { to: 1, read: [hook] }), hook);
  }
  for (const hook of ["hook_embed", "blocks.0.hook_mlp_out"]) {
    await refused(() => model.runBlocks(residual, { from: 1, read: [hook] }), hook);
    await refused(() => model.runBlocks(residual, { from: 1, freeze: [hook] }), hook);
  }
});
