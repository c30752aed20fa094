import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { openCheckpoint } from "./checkpoint_files.ts";
import { readModelConfig } from "../config.ts";
import { checkCheckpoint } from "./tensor_names.ts";

const reference = fromFileUrl(new URL("../../../tests/reference", import.meta.url));
const format = (name: string): string => join(reference, "formats", name);

/** Decodes all tensors of the float32 reference model from the raw bytes of its file. */
async function referenceTensors(): Promise<Map<string, Float32Array>> {
  const bytes = await Deno.readFile(join(reference, "neox/model/model.safetensors"));
  const n = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + n)));
  delete header.__metadata__;
  return new Map(
    Object.entries(header as Record<string, { data_offsets: [number, number] }>).map((
      [name, { data_offsets: [begin, end] }],
    ) => [name, new Float32Array(bytes.slice(8 + n + begin, 8 + n + end).buffer)]),
  );
}

for (
  const [name, tolerance] of [
    ["sharded_safetensors", 0],
    ["sharded_bin", 0],
    ["safetensors_f16", 2 ** -11],
    ["bin_f16", 2 ** -11],
    ["safetensors_bf16", 2 ** -8],
  ] as const
) {
  Deno.test(`openCheckpoint() loads ${name} to the reference model's tensors`, async () => {
    const expected = await referenceTensors();
    const files = await openCheckpoint(format(name));
    checkCheckpoint(files, await readModelConfig(format(name)));
    assertEquals(files.names(), [...expected.keys()].sort());
    for (const [tensor, values] of expected) {
      const found = await files.read(tensor);
      assertEquals(found.length, values.length, tensor);
      assert(
        // Half a unit in the last place, or half the spacing of float16's subnormals.
        values.every((x, i) =>
          Math.abs(x - found[i]) <= Math.max(tolerance * Math.abs(x), tolerance && 2 ** -25)
        ),
        tensor,
      );
    }
    files.close();
    await assertRejects(() => files.read("embed_out.weight"), Error, "after close()");
  });
}

for (
  const [name, ...parts] of [
    ["malicious_bin", "pytorch_model.bin", "posix.system"],
    [
      "truncated",
      "model.safetensors",
      "gpt_neox.layers.1.attention.query_key_value.weight",
      "92544",
    ],
    ["missing_tensor", "model.safetensors", "gpt_neox.layers.1.mlp.dense_h_to_4h.weight"],
    ["wrong_shape", "model.safetensors", "embed_out.weight", "[96, 16]", "[96, 32]"],
    [
      "nan_weight",
      "model.safetensors",
      "gpt_neox.layers.2.mlp.dense_4h_to_h.weight",
      "NaN",
      "[0, 0]",
    ],
  ]
) {
  Deno.test(`openCheckpoint() or a check refuses ${name}, naming the file and the cause`, async () => {
    const error = await assertRejects(async () => {
      const files = await openCheckpoint(format(name));
      checkCheckpoint(files, await readModelConfig(format(name)));
      for (const tensor of files.names()) await files.read(tensor);
    }, Error);
    for (const part of [format(name), ...parts]) {
      assert(error.message.includes(part), `${error.message} lacks ${part}`);
    }
  });
}

Deno.test("read() checks the requested shape, info() suggests near names", async () => {
  const files = await openCheckpoint(join(reference, "neox/model"));
  await assertRejects(() => files.read("embed_out.weight", [32, 96]), Error, "expected [32, 96]");
  assertThrows(() => files.info("embed_ou.weight"), Error, "nearest names are embed_out.weight");
  assertEquals(files.has("embed_out.weight"), true);
  assertEquals(files.has("embed_ou.weight"), false);
});

Deno.test("openCheckpoint() prefers safetensors and refuses folders without weights", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await assertRejects(() => openCheckpoint(dir), Error, "no weights");
    await Deno.copyFile(
      join(format("malicious_bin"), "pytorch_model.bin"),
      join(dir, "pytorch_model.bin"),
    );
    await Deno.copyFile(
      join(reference, "neox/model/model.safetensors"),
      join(dir, "model.safetensors"),
    );
    assertEquals((await openCheckpoint(dir)).info("embed_out.weight").dtype, "F32");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("openCheckpoint() refuses an index that leaves the folder or names a missing shard or tensor", async () => {
  const dir = await Deno.makeTempDir();
  const index = (weightMap: unknown) =>
    Deno.writeTextFile(
      join(dir, "model.safetensors.index.json"),
      JSON.stringify({ weight_map: weightMap }),
    );
  try {
    for (
      const shard of ["../model.safetensors", "/etc/x.bin", "a/b.bin", "..\\x.bin", "x.txt", 3]
    ) {
      await index({ w: shard });
      await assertRejects(() => openCheckpoint(dir), Error, "same folder");
    }
    await index(["a"]);
    await assertRejects(() => openCheckpoint(dir), Error, "weight_map");
    await index({ w: "gone.safetensors" });
    await assertRejects(() => openCheckpoint(dir), Error, "gone.safetensors is missing");
    await Deno.copyFile(
      join(reference, "neox/model/model.safetensors"),
      join(dir, "a.safetensors"),
    );
    await index({ w: "a.safetensors" });
    await assertRejects(() => openCheckpoint(dir), Error, "tensor w is missing");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
