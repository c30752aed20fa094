import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { randomCoder, randomTensor } from "../../../tests/support/coder_cases.ts";
import { uniform } from "../../../tests/support/random_model.ts";
import { ProgramCache } from "../../onnx/mod.ts";
import { openSafetensors } from "../../tensor_files/mod.ts";
import type { Coder, CoderConfig } from "../coder.ts";
import { reconstruct } from "../programs.ts";
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

/** Writes coders and reads them back. */
async function backFrom(format: FormatName, dir: string, coders: readonly Coder[]) {
  const notes = await FORMATS[format].write(dir, coders);
  const opened = await openCoders(dir);
  assertEquals(opened.format, format);
  return { coders: opened.coders, notes };
}

/** The coder of layer `layer` of a set, width 5 to 5. */
const inSet = (layer: number, changes: Partial<CoderConfig>) =>
  randomCoder({
    dIn: 5,
    dOut: 5,
    layer,
    inputHook: `blocks.${layer}.mlp.hook_in`,
    outputHook: `blocks.${layer}.hook_mlp_out`,
    metadata: { model_name: "small" },
    ...changes,
  }, 20 + layer);

const set = (changes: Partial<CoderConfig>) => [0, 1].map((layer) => inSet(layer, changes));
const residualSae = (activation: CoderConfig["activation"]) => {
  const hook = "blocks.1.hook_resid_post";
  return [inSet(1, { kind: "sae", inputHook: hook, outputHook: hook, activation })];
};
const bare = [0, 1].map((layer) =>
  inSet(layer, {
    inputHook: `blocks.${layer}.ln2.hook_normalized`,
    inputConvention: "folded",
  })
);
const jumps = { activation: { name: "jumprelu" } } as const;
const clt = (changes: Partial<CoderConfig> = {}) =>
  [0, 1, 2].map((layer) =>
    inSet(layer, {
      kind: "cross_layer",
      decoderLayers: [0, 1, 2].slice(layer),
      ...changes,
    })
  );

/** Sets that each format keeps value for value. */
const EXACT: Record<FormatName, Record<string, Coder[]>> = {
  "native": {
    relu: set({}),
    batchtopk: set({ activation: { name: "batchtopk", k: 2.5, threshold: 0.125 } }),
    "signed topk": set({ activation: { name: "topk", k: 3, signed: true }, skip: true }),
    "cross-layer": clt({ skip: true, ...jumps }),
    "sae of heads": [0, 2].map((head) =>
      inSet(1, {
        kind: "sae",
        inputHook: "blocks.1.attn.hook_z",
        outputHook: "blocks.1.attn.hook_z",
        head,
        metadata: { note: { nested: [1, "two", null] } },
      })
    ),
  },
  "circuit-tracer": {
    relu: set({}),
    "jumprelu with skip": set({ ...jumps, skip: true }),
    "signed topk": set({ activation: { name: "topk", k: 3, signed: true } }),
    "cross-layer": clt(),
    "cross-layer with thresholds and skip": clt({ ...jumps, skip: true }),
  },
  "sae-lens": {
    transcoder: set({}),
    "skip transcoder": set({ skip: true }),
    "jumprelu": set(jumps),
    "jumprelu with skip": set({ ...jumps, skip: true }),
    sae: residualSae({ name: "relu" }),
    "topk sae": residualSae({ name: "topk", k: 4 }),
    folded: bare,
  },
  "sparsify": {
    relu: set({}),
    "topk with skip": set({ activation: { name: "topk", k: 4 }, skip: true }),
  },
  "tcc": { relu: bare },
};

for (const [format, sets] of Object.entries(EXACT) as [FormatName, Record<string, Coder[]>][]) {
  for (const [name, coders] of Object.entries(sets)) {
    Deno.test(`${format} files keep coders value for value: ${name}`, () =>
      inFolder(async (dir) => {
        const back = await backFrom(format, dir, coders);
        assertEquals(back.notes, []);
        assertEquals(back.coders.length, coders.length);
        for (const [i, { config, weights }] of back.coders.entries()) {
          const { metadata, ...expected } = coders[i].config;
          const { metadata: found, ...rest } = config;
          assertEquals(rest, expected);
          if (format === "native") assertEquals(found, metadata);
          else assertEquals(found.model_name, format === "sparsify" ? undefined : "small");
          assertEquals(weights, coders[i].weights);
        }
        // What was read and is written again has the same bytes.
        const again = join(dir, "again");
        await FORMATS[format].write(again, back.coders);
        for await (const { name, isFile } of Deno.readDir(dir)) {
          if (!isFile) continue;
          assertEquals(
            await Deno.readFile(join(again, name)),
            await Deno.readFile(join(dir, name)),
            name,
          );
        }
      }));
  }
}

/** Asserts that two sets are the same function to 1e-6. */
async function assertSameFunction(found: readonly Coder[], expected: readonly Coder[]) {
  const cache = new ProgramCache({ threads: 1 });
  try {
    for (const [i, coder] of expected.entries()) {
      const x = randomTensor([20, coder.config.dIn], uniform(5));
      const [a, b] = [await reconstruct(cache, found[i], x), await reconstruct(cache, coder, x)];
      a.data.forEach((value, j) => assert(Math.abs(value - b.data[j]) < 1e-6 * 5, `${i} ${j}`));
    }
  } finally {
    await cache.close();
  }
}

Deno.test("SAEs whose files subtract the output's bias from the input stay the same function", async () => {
  const sae = residualSae({ name: "topk", k: 4 });
  await inFolder(async (dir) =>
    assertSameFunction((await backFrom("sparsify", dir, sae)).coders, sae)
  );
  const hook = "blocks.1.hook_resid_pre";
  const folded = [
    inSet(1, { kind: "sae", inputHook: hook, outputHook: hook, inputConvention: "folded" }),
  ];
  await inFolder(async (dir) =>
    assertSameFunction((await backFrom("tcc", dir, folded)).coders, folded)
  );
});

Deno.test("A BatchTopK coder becomes a JumpReLU one with equal thresholds, and stays the same function", async () => {
  const coders = set({ activation: { name: "batchtopk", k: 2, threshold: 0.25 } });
  for (const format of ["circuit-tracer", "sae-lens"] as const) {
    await inFolder(async (dir) => {
      const back = (await backFrom(format, dir, coders)).coders;
      assertEquals(back[1].config.activation, { name: "jumprelu" });
      assertEquals([...back[1].weights.threshold!.data], new Array(7).fill(0.25));
      await assertSameFunction(back, coders);
    });
  }
});

Deno.test("Writers warn where another tool computes something else", async () => {
  const notesOf = async (format: FormatName, coders: Coder[]) => {
    let notes: string[] = [];
    await inFolder(async (dir) => void (notes = await FORMATS[format].write(dir, coders)));
    return notes.join();
  };
  const topk = { name: "topk", k: 3 } as const;
  assert(/fewer than k/.test(await notesOf("circuit-tracer", set({ activation: topk }))));
  const signed = set({ activation: { ...topk, signed: true } });
  assert(/negative activations/.test(await notesOf("sparsify", signed)));
  assert(/all-ones vector/.test(await notesOf("circuit-tracer", bare)));
});

Deno.test("Writers name what a format cannot express, and write nothing", async () => {
  const refused = (format: FormatName, coders: Coder[], message: string) =>
    inFolder(async (dir) => {
      await assertRejects(() => FORMATS[format].write(join(dir, "out"), coders), Error, message);
      await assertRejects(() => Deno.stat(join(dir, "out")), Deno.errors.NotFound);
    });
  const topk = set({ activation: { name: "topk", k: 3 } });
  await refused("sae-lens", topk, "SAELens has no TopK transcoder");
  await refused("sae-lens", clt(), "it is cross-layer");
  await refused("tcc", topk, "its activation is topk; TCC has ReLU");
  await refused("tcc", set({}), 'it reads "blocks.0.mlp.hook_in" of an unprocessed model');
  await refused(
    "tcc",
    bare.map((c) => inSet(c.config.layer, { ...c.config, skip: true })),
    "no linear path",
  );
  await refused("sparsify", set(jumps), "its activation is jumprelu");
  await refused("sparsify", bare, "give the model");
  await refused("circuit-tracer", residualSae({ name: "relu" }), "expected 0, layers from 0 on");
  await refused(
    "circuit-tracer",
    [inSet(0, {}), inSet(1, jumps)],
    "its activation is not that of the first",
  );
  await refused("circuit-tracer", clt({ activation: { name: "topk", k: 2 } }), "relu or jumprelu");
  await refused("native", [inSet(1, {}), inSet(1, {})], "two coders would have this folder");
});

Deno.test("circuit-tracer files have no tensor k, on which circuit-tracer fails", () =>
  inFolder(async (dir) => {
    await FORMATS["circuit-tracer"].write(
      dir,
      set({ activation: { name: "topk", k: 3, signed: true } }),
    );
    const files = await openSafetensors(join(dir, "layer_0.safetensors"));
    assertEquals(files.names(), ["W_dec", "W_enc", "b_dec", "b_enc"]);
    assert(/^k: 3$/m.test(await Deno.readTextFile(join(dir, "config.yaml"))));
  }));
