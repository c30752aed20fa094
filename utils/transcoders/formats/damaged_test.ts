import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { randomCoder } from "../../../tests/support/coder_cases.ts";
import {
  openSafetensors,
  type PickleValue,
  type TensorToWrite,
  writeSafetensors,
  writeTorchObject,
} from "../../tensor_files/mod.ts";
import type { CoderConfig } from "../coder.ts";
import type { FormatName } from "./format.ts";
import { FORMATS, openCoders } from "./open.ts";

const coderAt = (layer: number, changes: Partial<CoderConfig> = {}) =>
  randomCoder({
    dIn: 5,
    dOut: 5,
    layer,
    inputHook: `blocks.${layer}.mlp.hook_in`,
    outputHook: `blocks.${layer}.hook_mlp_out`,
    metadata: { model_name: "small" },
    ...changes,
  }, 3);
const bare = coderAt(0, {
  inputHook: "blocks.0.ln2.hook_normalized",
  inputConvention: "folded",
});

/** Writes a coder, damages a file, and asserts that opening it fails with a message that has the file and all parts. */
async function refused(
  format: FormatName,
  file: string,
  damage: (path: string) => Promise<unknown>,
  ...parts: string[]
) {
  const dir = await Deno.makeTempDir();
  try {
    const coder = format === "tcc" ? bare : coderAt(0, { skip: true });
    await FORMATS[format].write(dir, [coder]);
    const path = join(dir, file);
    await damage(path);
    const error = await assertRejects(() => openCoders(dir, { format }), Error);
    for (const part of [path, ...parts]) {
      assert(error.message.includes(part), `${error.message} has no ${part}`);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const editText = (edit: (text: string) => string) => async (path: string) =>
  await Deno.writeTextFile(path, edit(await Deno.readTextFile(path)));
const editJson = (edit: (json: Record<string, unknown>) => void) =>
  editText((text) => {
    const json = JSON.parse(text);
    edit(json);
    return JSON.stringify(json);
  });
const truncate = async (path: string) =>
  await Deno.truncate(path, (await Deno.stat(path)).size - 20);
const editTensors =
  (edit: (tensors: Record<string, TensorToWrite>) => void) => async (path: string) => {
    const files = await openSafetensors(path);
    const tensors: Record<string, TensorToWrite> = {};
    for (const name of files.names()) {
      tensors[name] = { dtype: "F32", shape: files.info(name).shape, data: await files.read(name) };
    }
    edit(tensors);
    await writeSafetensors(path, tensors);
  };
const one = (shape: number[], value = 1): TensorToWrite => ({
  dtype: "F32",
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
});

const FILES = {
  native: "layer_0/weights.safetensors",
  "circuit-tracer": "layer_0.safetensors",
  "sae-lens": "layer_0/sae_weights.safetensors",
  sparsify: "layers.0.mlp/sae.safetensors",
} as const;

for (const [format, file] of Object.entries(FILES) as [keyof typeof FILES, string][]) {
  Deno.test(`A damaged ${format} file is refused with file, tensor, found and expected`, async () => {
    await refused(format, file, truncate, "truncated");
    await refused(
      format,
      file,
      editTensors((tensors) => delete tensors.b_dec),
      "tensor b_dec is missing",
    );
    await refused(
      format,
      file,
      editTensors((tensors) => tensors.b_dec = one([4])),
      "tensor b_dec has shape [4]; expected [5]",
    );
    await refused(
      format,
      file,
      editTensors((tensors) => tensors.W_gate = one([2])),
      "unknown tensor W_gate; expected only",
    );
    await refused(
      format,
      file,
      editTensors((tensors) => tensors.b_dec = one([5], NaN)),
      "tensor b_dec holds NaN",
    );
  });
}

Deno.test("A damaged cfg.json is refused with the key, found and expected", async () => {
  const cfg = (
    format: FormatName,
    folder: string,
    edit: (json: Record<string, unknown>) => void,
    ...parts: string[]
  ) => refused(format, join(folder, "cfg.json"), editJson(edit), ...parts);
  await refused("native", "layer_0/cfg.json", editText(() => "{"), "JSON");
  await refused("native", "layer_0/cfg.json", editText(() => "[]"), "found []; expected an object");
  await cfg("native", "layer_0", (json) => json.format = "other", "format", 'found "other"');
  await cfg("native", "layer_0", (json) => json.dIn = -1, "dIn", "found -1");
  await cfg("native", "layer_0", (json) => json.activation = { name: "gelu" }, "activation");
  await cfg("native", "layer_0", (json) => json.kind = "sae", "gives back what it reads");
  await cfg(
    "sae-lens",
    "layer_0",
    (json) => json.architecture = "gated",
    "architecture",
    '"gated"',
  );
  await cfg(
    "sae-lens",
    "layer_0",
    (json) => json.normalize_activations = "layer_norm",
    "only none",
  );
  await cfg("sae-lens", "layer_0", (json) => json.metadata = {}, "metadata.hook_name is missing");
  await cfg(
    "sae-lens",
    "layer_0",
    (json) => json.metadata = { hook_name: "hook_embed", hook_name_out: "hook_embed" },
    'metadata.hook_name is "hook_embed"; expected a hook point blocks.{layer}.{point}',
  );
  await cfg("sparsify", "layers.0.mlp", (json) => json.activation = "groupmax", "only topk");
  await cfg("sparsify", "layers.0.mlp", (json) => json.gram_lookup = true, "gram_lookup");
  await cfg("sparsify", "layers.0.mlp", (json) => json.k = 0, "k: ", "found 0");
  await cfg("sparsify", "layers.0.mlp", (json) => json.k = 9, "k is 9; expected a positive number");
});

Deno.test("A damaged config.yaml of circuit-tracer is refused with the key, found and expected", async () => {
  const yaml = (from: RegExp, to: string, ...parts: string[]) =>
    refused("circuit-tracer", "config.yaml", editText((text) => text.replace(from, to)), ...parts);
  await yaml(/^[\s\S]*$/, "a: [", "not valid YAML");
  await yaml(/^[\s\S]*$/, "3", "found 3; expected an object");
  await yaml(/transcoder_set/, "other", "model_kind", 'found "other"');
  await yaml(/feature_input_hook.*/, "", "feature_input_hook");
  const layer = (from: RegExp, to: string, ...parts: string[]) =>
    refused("circuit-tracer", "layer_0.safetensors", async (path) => {
      await editText((text) => text.replace(from, to))(join(path, "../config.yaml"));
    }, ...parts);
  await layer(/activation: relu/, "activation: gelu", "activation gelu; expected relu");
  await layer(
    /activation: relu/,
    "activation: jump_relu",
    "activation_function.threshold is missing",
  );
  await layer(/activation: relu/, "activation: topk", "no k is given");
});

Deno.test("circuit-tracer's scalar tensor k is read, and one that disagrees with config.yaml is refused", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const coder = coderAt(0, { activation: { name: "topk", k: 3, signed: true } });
    await FORMATS["circuit-tracer"].write(dir, [coder]);
    const path = join(dir, "layer_0.safetensors");
    await editTensors((tensors) => tensors.k = one([], 3))(path);
    const { coders } = await openCoders(dir);
    assertEquals(coders[0].config.activation, { name: "topk", k: 3, signed: true });
    await editTensors((tensors) => tensors.k = one([], 4))(path);
    await assertRejects(() => openCoders(dir), Error, `${path}: tensor k is 4; expected 3`);
    await editText((text) => text.replace(/^k: 3$/m, ""))(join(dir, "config.yaml"));
    assertEquals((await openCoders(dir)).coders[0].config.activation, {
      name: "topk",
      k: 4,
      signed: true,
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("A damaged or hostile .pt file is refused, and nothing in it runs", async () => {
  const file = "final_sparse_autoencoder_small_blocks.0.ln2.hook_normalized_7.pt";
  const b: PickleValue = { kind: "tensor", shape: [5], data: new Float32Array(5) };
  const write =
    (cfg: Record<string, string | number | boolean>, className = "a.SomeConfig") =>
    async (path: string) =>
      await writeTorchObject(path, {
        kind: "dictionary",
        entries: {
          cfg: { kind: "object", className, entries: cfg },
          state_dict: { kind: "dictionary", entries: { b_dec: b } },
        },
      });
  const cfg = { hook_point: "blocks.0.ln2.hook_normalized", d_in: 5 };
  await refused("tcc", file, truncate, "truncated");
  await refused("tcc", file, write(cfg), "tensor b_enc is missing");
  await refused("tcc", file, write({ ...cfg, d_in: "5" }), "cfg: d_in", 'found "5"');
  await refused("tcc", file, write({ d_in: 5 }), "hook_point");
  await refused("tcc", file, write(cfg, "posix.system"), "the global posix.system is forbidden");
  await refused("tcc", file, (path) => writeTorchObject(path, ["a"]), "found nothing at cfg");
  await refused(
    "tcc",
    file,
    (path) => writeTorchObject(path, { kind: "dictionary", entries: { cfg: b, state_dict: b } }),
    "found a tensor at cfg",
  );
});
