import { assert, assertEquals } from "@std/assert";
import { randomModel, randomTokens, smallConfig } from "../../../tests/support/random_model.ts";
import { tensor } from "../../onnx/mod.ts";
import { HookedModel } from "../hooked_model.ts";
import { inPasses, promptsPerPass, savedBytesPerToken } from "./passes.ts";
import { Runtime } from "../runtime.ts";
import { sequenceFeeds } from "../blocks/sequence.ts";
import { StackProgram } from "./stack.ts";
import { weightFeeds } from "../blocks/block_weights.ts";

Deno.test("promptsPerPass() makes equal groups below the limit", () => {
  const config = smallConfig("gpt_neox", { nLayers: 1, nHeads: 1, dModel: 1024, dMlp: 4096 });
  const perToken = savedBytesPerToken(config, 10);
  assertEquals(perToken, 4 * (8 * 1024 + 10));
  const most = Math.floor(256 * 2 ** 20 / (10 * perToken));
  assertEquals(promptsPerPass(config, 0, most, 10), most);
  assertEquals(promptsPerPass(config, 0, most + 1, 10), Math.ceil((most + 1) / 2));
  assertEquals(promptsPerPass(config, 0, 4 * most, 10), most);
  // large weights allow a third of themselves
  assertEquals(promptsPerPass(config, 6 * 256 * 2 ** 20, 2 * most, 10), 2 * most);
  assertEquals(promptsPerPass(config, 0, 3, 10 ** 6), 1);
});

Deno.test("savedBytesPerToken() is what a compiled block saves, up to the scales of its LayerNorms", async () => {
  for (const architecture of ["gpt_neox", "gpt2"] as const) {
    const config = smallConfig(architecture, { nLayers: 1 });
    const spec = { plans: [{}], gradient: true };
    const program = await StackProgram.compile(config, spec, { threads: 1 });
    const [batch, pos, d] = [2, 5, config.dModel];
    const x = tensor(new Float32Array(batch * pos * d), [batch, pos, d]);
    const weights = weightFeeds(0, await randomModel(config, 4).source.load("0"));
    const results = await program.forward.run({ x, ...sequenceFeeds(config, pos, 0), ...weights });
    const values = program.savedNames.reduce((sum, name) => sum + results[name].data.length, 0);
    const scales = 4 * batch * pos;
    const saved = values - scales + x.data.length;
    assertEquals(4 * saved, batch * pos * savedBytesPerToken(config, pos));
    await program.release();
  }
});

Deno.test("inPasses() equals one pass, with patches and a past", async () => {
  const config = smallConfig("gpt_neox");
  const runtime = new Runtime({ threads: 1 });
  const model = HookedModel.fromSource(randomModel(config, 4).source, { runtime });
  const tokens = (i: number, length: number) => randomTokens(length, config.vocabSize, i);
  const prompts = [3, 5, 4, 5, 2].map((length, i) => tokens(i, length));
  const positions = prompts.map((p) => p.length - 1);
  const ids = Int32Array.from({ length: 10 }, (_, i) => (3 * i) % 17);
  const weights = Float32Array.from(ids, (_, i) => 1 - 2 * (i % 2));
  const readout = { kind: "logits" as const, ids, weights, width: 2 };
  const { past } = await model.run(prompts.map((_, i) => tokens(50 + i, 3)), { keysValues: true });
  const hook = "blocks.0.attn.hook_z";
  const shape = [5, 5, config.nHeads, config.dHead];
  const data = Float32Array.from({ length: 5 * 5 * config.dModel }, (_, i) => Math.sin(i));
  const mask = tensor(Uint8Array.from({ length: 5 * 5 * 3 }, (_, i) => i % 4 ? 0 : 1), [
    5,
    5,
    3,
    1,
  ]);
  const options = { past, patches: [{ hook, value: tensor(data, shape), mask }], pos: 5 };
  const hooks = ["blocks.0.hook_resid_pre", "blocks.1.hook_mlp_out"];
  const whole = await model.gradients(prompts, positions, readout, hooks, options);
  let calls = 0;
  const parts = await inPasses({ prompts, positions, readout, options }, 2, (p) => {
    calls++;
    return model.gradients(p.prompts, p.positions, p.readout, hooks, p.options);
  });
  assertEquals(calls, 3);
  const close = (a: Float32Array, b: Float32Array) => {
    assertEquals(a.length, b.length);
    a.forEach((x, i) => assert(Math.abs(x - b[i]) < 1e-5, `${x} against ${b[i]}`));
  };
  close(parts.values, whole.values);
  for (const name of hooks) {
    assertEquals(parts.gradients.get(name)!.shape, whole.gradients.get(name)!.shape);
    close(parts.gradients.get(name)!.data, whole.gradients.get(name)!.data);
  }
  await runtime.close();
});
