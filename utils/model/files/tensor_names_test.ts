import { assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { openCheckpoint } from "./checkpoint_files.ts";
import { type ModelConfig, readModelConfig } from "../config.ts";
import type { Dtype } from "../../tensor_files/float16.ts";
import type { StoredTensor } from "../../tensor_files/stored_tensor.ts";
import { checkCheckpoint, expectedTensors, isConstantBuffer } from "./tensor_names.ts";
import { TensorSet } from "../../tensor_files/tensor_set.ts";

const model = (name: string): string =>
  fromFileUrl(new URL(`../../../tests/reference/${name}/model`, import.meta.url));

/** Makes a checkpoint of the expected tensors, changed by `edit`, without any file. */
function imagined(config: ModelConfig, edit: (shapes: Map<string, number[]>) => void): TensorSet {
  const shapes = expectedTensors(config);
  edit(shapes);
  return new TensorSet(
    "folder",
    new Map([...shapes].map(([name, shape]) => [
      name,
      { name, file: "folder/weights", dtype: "F32", shape, strides: [], start: 0 },
    ])),
  );
}

for (const name of ["neox", "gpt2"]) {
  Deno.test(`expectedTensors() names exactly the tensors of the ${name} reference model`, async () => {
    const files = await openCheckpoint(model(name));
    const expected = expectedTensors(await readModelConfig(model(name)));
    assertEquals([...expected.keys()].sort(), files.names());
    for (const [tensor, shape] of expected) assertEquals(files.info(tensor).shape, shape, tensor);
  });

  Deno.test(`checkCheckpoint() accepts ${name} weights saved without the model's prefix`, async () => {
    const config = await readModelConfig(model(name));
    const bare = imagined(config, (shapes) => {
      for (const [name, shape] of [...shapes]) {
        shapes.delete(name);
        shapes.set(name.replace(/^(gpt_neox|transformer)\./, ""), shape);
      }
    });
    checkCheckpoint(bare, config);
    const last = name === "neox" ? "gpt_neox.final_layer_norm.bias" : "transformer.ln_f.bias";
    assertEquals(bare.info(last).name, last.replace(/^\w+\./, ""));
  });
}

Deno.test("checkCheckpoint() names a missing tensor, a wrong shape and an unknown tensor", async () => {
  const config = await readModelConfig(model("neox"));
  const dense = "gpt_neox.layers.1.attention.dense.bias";
  const check = (edit: (shapes: Map<string, number[]>) => void) =>
    assertThrows(() => checkCheckpoint(imagined(config, edit), config), Error) as Error;

  assertEquals(check((shapes) => shapes.delete(dense)).message.includes(dense), true);
  const misshapen = check((shapes) => shapes.set(dense, [3, 7])).message;
  assertEquals(misshapen.includes(`folder/weights: tensor ${dense}`), true);
  assertEquals(misshapen.includes("[3, 7]; expected [32]"), true);
  const unknown = check((shapes) => shapes.set("gpt_neox.layers.3.attention.dense.bias", [32]));
  assertEquals(unknown.message.includes("gpt_neox.layers.3.attention.dense.bias"), true);
});

Deno.test("checkCheckpoint() refuses integer weights", async () => {
  const config = await readModelConfig(model("neox"));
  const name = "gpt_neox.final_layer_norm.weight";
  const stored = [...expectedTensors(config)].map(([tensor, shape]): [string, StoredTensor] => {
    const dtype: Dtype = tensor === name ? "I32" : "BF16";
    return [tensor, { name: tensor, file: "w", dtype, shape, strides: [], start: 0 }];
  });
  assertThrows(
    () => checkCheckpoint(new TensorSet("folder", new Map(stored)), config),
    Error,
    `w: tensor ${name} has dtype I32; expected weights in floating point`,
  );
});

Deno.test("checkCheckpoint() ignores the repeated head of a tied model, but not of an untied one", async () => {
  const config = await readModelConfig(model("gpt2"));
  const withHead = (config: ModelConfig) =>
    imagined(config, (shapes) => shapes.set("lm_head.weight", [96, 32]));
  checkCheckpoint(withHead(config), config);
  const untied = { ...config, tied: false };
  assertThrows(() => checkCheckpoint(imagined(config, () => {}), untied), Error, "lm_head.weight");
});

Deno.test("isConstantBuffer() accepts masks and rotary frequencies, and no parameter", async () => {
  for (
    const name of [
      "gpt_neox.layers.0.attention.bias",
      "gpt_neox.layers.11.attention.masked_bias",
      "gpt_neox.layers.0.attention.rotary_emb.inv_freq",
      "h.3.attn.bias",
      "transformer.h.3.attn.masked_bias",
    ]
  ) assertEquals(isConstantBuffer(name), true, name);
  for (const name of ["neox", "gpt2"]) {
    const expected = expectedTensors(await readModelConfig(model(name)));
    assertEquals([...expected.keys()].filter(isConstantBuffer), []);
  }
});
