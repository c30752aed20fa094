import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { randomModel, randomTokens, smallConfig } from "../../tests/support/random_model.ts";
import { hookName } from "./blocks/mod.ts";
import { HookedModel } from "./hooked_model.ts";

const config = smallConfig("gpt2");
const model = HookedModel.fromSource(randomModel(config).source);
const prompts = [randomTokens(4, config.vocabSize)];
const layer = 1;

Deno.test("a mistyped hook name is a type error, and an error of the run that names the nearest", async () => {
  const near = (hook: string) => `did you mean ${hook}?`;
  await assertRejects(
    // @ts-expect-error: there is no hook_reid_pre
    () => model.run(prompts, { read: ["blocks.0.hook_reid_pre"] }),
    Error,
    near("blocks.0.hook_resid_pre"),
  );
  await assertRejects(
    // @ts-expect-error: the same in a template
    () => model.run(prompts, { read: [`blocks.${layer}.attn.hook_zz`] }),
    Error,
    near("blocks.1.attn.hook_z"),
  );
  await assertRejects(
    // @ts-expect-error: the same by hookName()
    () => model.run(prompts, { read: [hookName(layer, "hook_mlp_ou")] }),
    Error,
    near("blocks.1.hook_mlp_out"),
  );
  // @ts-expect-error: the same in runWithCache
  await assertRejects(() => model.runWithCache(prompts, "hook_embd"), Error, "hook_embed");
  const readout = {
    kind: "logits" as const,
    width: 1,
    ids: Int32Array.of(0),
    weights: Float32Array.of(1),
  };
  await assertRejects(
    // @ts-expect-error: the same in gradients
    () => model.gradients(prompts, [3], readout as never, ["blocks.0.hook_reid_pre"]),
    Error,
    near("blocks.0.hook_resid_pre"),
  );
});

Deno.test("results have a value for each name that was read, and perhaps one for other names", async () => {
  const read = ["hook_embed", `blocks.${layer}.attn.hook_z`] as const;
  const { hooks } = await model.run(prompts, { read });
  assertEquals(hooks.get("hook_embed").shape, [1, 4, config.dModel]);
  assertEquals(hooks.get(`blocks.${layer}.attn.hook_z`).shape, [1, 4, config.nHeads, config.dHead]);
  assertEquals(hooks.get("blocks.0.hook_mlp_out")?.shape, undefined);
  // @ts-expect-error: this name was not read, so there may be no value
  assertThrows(() => hooks.get("blocks.0.hook_mlp_out").shape, TypeError);
  const computed: string[] = ["blocks.0.hook_mlp_out"];
  const found = await model.run(prompts, { read: computed });
  assertEquals(found.hooks.get(computed[0])?.shape, [1, 4, config.dModel]);
});

Deno.test("patterns read the hook points that match and that the run reaches", async () => {
  const { hooks } = await model.run(prompts, { read: ["*.hook_z", "*.hook_z", "hook_*embed"] });
  assertEquals([...hooks.keys()].sort(), [
    "blocks.0.attn.hook_z",
    "blocks.1.attn.hook_z",
    "hook_embed",
    "hook_pos_embed",
  ]);
  const { residual, hooks: first } = await model.run(prompts, { to: 1, read: ["*.hook_z"] });
  assertEquals([...first.keys()], ["blocks.0.attn.hook_z"]);
  const rest = await model.runBlocks(residual, {
    from: 1,
    read: ["blocks.*.hook_z", "ln_final.*"],
  });
  assertEquals([...rest.hooks.keys()], [
    "blocks.1.attn.hook_z",
    "ln_final.hook_scale",
    "ln_final.hook_normalized",
  ]);
  assertEquals(
    rest.hooks.get("blocks.1.attn.hook_z")!.data,
    hooks.get("blocks.1.attn.hook_z")!.data,
  );
  await assertRejects(
    () => model.runBlocks(residual, { from: 1, read: ["blocks.0.*"] }),
    Error,
    "not part of this run",
  );
  await assertRejects(
    () => model.run(prompts, { read: ["*.hook_zz"] }),
    Error,
    "no hook point matches",
  );
});
