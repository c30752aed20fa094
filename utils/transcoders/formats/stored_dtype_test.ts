import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { randomCoder } from "../../../tests/support/coder_cases.ts";
import { filesBelow } from "../../base/mod.ts";
import type { F32 } from "../../onnx/mod.ts";
import {
  type Dtype,
  readSafetensorsHeader,
  TensorSet,
  writeSafetensors,
} from "../../tensor_files/mod.ts";
import type { Coder, CoderConfig } from "../coder.ts";
import type { FormatName } from "./format.ts";
import { FORMATS, openCoders } from "./open.ts";

const inFolder = async (use: (dir: string) => Promise<void>) => {
  const dir = await Deno.makeTempDir();
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
};

/** Coders of two layers. */
const set = (changes: Partial<CoderConfig> = {}): Coder[] =>
  [0, 1].map((layer) =>
    randomCoder({
      ...{ dIn: 5, dOut: 5, layer, inputHook: `blocks.${layer}.mlp.hook_in`, skip: true },
      outputHook: `blocks.${layer}.hook_mlp_out`,
      ...changes,
    }, 40 + layer)
  );
const jumps = { activation: { name: "jumprelu" } } as const;
const SETS: Partial<Record<FormatName, Coder[]>> = {
  "native": set(jumps),
  "circuit-tracer": set(jumps),
  "sae-lens": set(jumps),
  "sparsify": set({ activation: { name: "topk", k: 3 } }),
};

/** Rounds to a number of significant bits by arithmetic on doubles; exact for normal numbers of the format. */
function rounded(x: number, bits: number): number {
  if (x === 0) return 0;
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(x))) - bits + 1);
  const [below, rest] = [Math.floor(x / unit), x / unit - Math.floor(x / unit)];
  const up = rest > 0.5 || rest === 0.5 && below % 2 !== 0;
  return (below + Number(up)) * unit;
}

function assertRounded({ data }: F32, from: F32, bits: number, name: string) {
  data.forEach((x, i) => assertEquals(x, rounded(from.data[i], bits), `${name}[${i}]`));
}

for (const [format, coders] of Object.entries(SETS) as [FormatName, Coder[]][]) {
  Deno.test(`${format} files in float16 hold rounded matrices and exact vectors`, () =>
    inFolder(async (dir) => {
      await FORMATS[format].write(dir, coders, { dtype: "float16" });
      const back = await openCoders(dir);
      for (const [i, { weights }] of back.coders.entries()) {
        for (const [name, value] of Object.entries(coders[i].weights) as [string, F32][]) {
          const found = weights[name as keyof typeof weights]!;
          assertRounded(found, value, value.shape.length > 1 ? 11 : 24, name);
        }
      }
      // Half the bytes of the matrices; written again with the same format, the same bytes.
      const again = join(dir, "again");
      await FORMATS[format].write(again, back.coders, { dtype: "float16" });
      for (const path of await filesBelow(again, () => true)) {
        const first = path.replace(again, dir);
        assertEquals(await Deno.readFile(path), await Deno.readFile(first), path);
        if (!path.endsWith(".safetensors")) continue;
        for (const { dtype, shape } of (await readSafetensorsHeader(path)).tensors.values()) {
          assertEquals(dtype, shape.length > 1 ? "F16" : "F32");
        }
      }
    }));

  for (const [dtype, bits] of [["F16", 11], ["BF16", 8]] as [Dtype, number][]) {
    Deno.test(`${format} files whose tensors are all ${dtype} are read`, () =>
      inFolder(async (dir) => {
        await FORMATS[format].write(dir, coders);
        for (const path of await filesBelow(dir, (name) => name.endsWith(".safetensors"))) {
          const { tensors } = await readSafetensorsHeader(path);
          const file = new TensorSet(path, tensors);
          const values: [string, { dtype: Dtype; shape: number[]; data: Float32Array }][] = [];
          for (const [name, { shape }] of tensors) {
            values.push([name, { dtype, shape, data: await file.read(name) }]);
          }
          file.close();
          await writeSafetensors(path, Object.fromEntries(values));
        }
        const back = await openCoders(dir);
        for (const [i, { weights }] of back.coders.entries()) {
          for (const [name, value] of Object.entries(coders[i].weights) as [string, F32][]) {
            assertRounded(weights[name as keyof typeof weights]!, value, bits, name);
          }
        }
      }));
  }
}

Deno.test("cfg.json says the number format, and only where it is not float32", () =>
  inFolder(async (dir) => {
    const config = async (folder: string) =>
      JSON.parse(await Deno.readTextFile(join(dir, folder, "layer_1/cfg.json")));
    await FORMATS.native.write(join(dir, "half"), set(), { dtype: "float16" });
    await FORMATS.native.write(join(dir, "full"), set());
    const { dtype, ...rest } = await config("half");
    assertEquals(dtype, "float16");
    assertEquals(await config("full"), rest);
    await FORMATS["sae-lens"].write(join(dir, "lens"), set(), { dtype: "float16" });
    assertEquals((await config("lens")).dtype, "float16");
    // Read from float16 and written in float32, the file says what it is.
    const { coders } = await openCoders(join(dir, "lens"));
    await FORMATS["sae-lens"].write(join(dir, "lens32"), coders);
    assertEquals((await config("lens32")).dtype, "float32");
  }));

Deno.test("a weight above the range of float16 is refused with its name, and its file is not written", () =>
  inFolder(async (dir) => {
    const target = join(dir, "out");
    for (const format of Object.keys(SETS) as FormatName[]) {
      const coders = structuredClone(SETS[format]!);
      coders[1].weights.W_dec.data[7] = -65505;
      const error = await assertRejects(
        () => FORMATS[format].write(target, coders, { dtype: "float16" }),
        Error,
        "W_dec[7] is -65505; expected at most 65504. Write float32",
      );
      assert(error.message.includes("blocks.1.mlp.hook_in"), error.message);
      assertEquals(await filesBelow(dir, (name) => name.includes("layer_1")), [], format);
      coders[1].weights.W_dec.data[7] = 65504;
      coders[1].weights.b_dec.data[0] = 1e6;
      await FORMATS[format].write(target, coders, { dtype: "float16" });
      const { coders: back } = await openCoders(target);
      assertEquals(back[1].weights.W_dec.data[7], 65504);
      assertEquals(back[1].weights.b_dec.data[0], 1e6);
      await Deno.remove(target, { recursive: true });
    }
    const folded = { inputConvention: "folded", skip: false } as const;
    await assertRejects(
      () => FORMATS.tcc.write(target, set(folded), { dtype: "float16" }),
      Error,
      "TCC's files are float32; expected dtype float32, found float16",
    );
  }));
