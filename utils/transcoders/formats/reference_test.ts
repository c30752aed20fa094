/** Sets that circuit-tracer, SAELens, sparsify and TCC wrote, and what their own code computes (tests/reference/README.md). */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { HookedModel, type Prompts, Runtime } from "../../model/mod.ts";
import { openSafetensors } from "../../tensor_files/mod.ts";
import type { Coder } from "../coder.ts";
import { FitMeter, replacementLosses, runCoders } from "../evaluation/mod.ts";
import { crossLayerReplacement, replacement } from "../splices/mod.ts";
import { openCoders } from "./open.ts";

const REFERENCE = fromFileUrl(new URL("../../../tests/reference", import.meta.url));
const CASE = join(REFERENCE, "transcoders/neox");
const open = async (set: string) => (await openCoders(join(CASE, "transcoders", set))).coders;
const prompts: number[][] =
  JSON.parse(Deno.readTextFileSync(join(REFERENCE, "neox/prompts.json"))).clean;
const expected = JSON.parse(Deno.readTextFileSync(join(CASE, "forward.json")));
const tensors = await openSafetensors(join(CASE, "forward.safetensors"));

/** Runs with the case's model. */
async function withModel(use: (model: HookedModel) => Promise<void>) {
  const runtime = new Runtime({ threads: 1 });
  try {
    await use(await HookedModel.load(join(REFERENCE, "neox/model"), { runtime }));
  } finally {
    await runtime.close();
  }
}

function assertError(
  found: ArrayLike<number>,
  reference: ArrayLike<number>,
  most: number,
  what: string,
) {
  assertEquals(found.length, reference.length, what);
  let error = 0, scale = 0;
  for (let i = 0; i < found.length; i++) {
    error = Math.max(error, Math.abs(found[i] - reference[i]));
    scale = Math.max(scale, Math.abs(reference[i]));
  }
  assert(error <= most * scale, `${what}: ${error / scale}`);
}

for (
  const [set, layout] of [
    ["relu", "tcc"],
    ["relu", "sae_lens_relu"],
    ["relu", "sparsify_relu"],
    ["jumprelu", "sae_lens_jumprelu"],
    ["topk_skip", "sparsify_topk_skip"],
  ]
) {
  Deno.test(`${layout} is the same function as the circuit-tracer set ${set}`, () =>
    withModel(async (model) => {
      const layerOne = (coders: Coder[]) => coders.filter(({ config }) => config.layer === 1);
      const [a] = await runCoders(model, layerOne(await open(set)), [prompts[0]]);
      const [b] = await runCoders(model, layerOne(await open(layout)), [prompts[0]]);
      assertError(b.activations.data, a.activations.data, 1e-6, "activations");
      assertError(b.output.data, a.output.data, 1e-6, "output");
    }));
}

for (const set of ["relu", "clt", "jumprelu", "topk_skip"]) {
  Deno.test(`Activations, outputs and quality of ${set} equal the reference`, () =>
    withModel(async (model) => {
      const coders = await open(set);
      const meters = coders.map(({ config: { features, dOut } }) =>
        new FitMeter(model.runtime, features, dOut)
      );
      for (const [n, prompt] of prompts.entries()) {
        const runs = await runCoders(model, coders, [prompt]);
        for (const [i, { activations, output, target }] of runs.entries()) {
          await meters[i].add(activations, output, target);
          if (n > 0) continue;
          const { layer } = coders[i].config;
          const check = async (name: string, found: Float32Array) => {
            const all = await tensors.read(`${set}.${name}`);
            const ours = all.subarray(layer * found.length, (layer + 1) * found.length);
            assertError(found, ours, 1e-5, `${name} ${layer}`);
          };
          await check("activations", activations.data);
          await check("reconstruction", output.data);
          await check("error", target.data.map((y, j) => y - output.data[j]));
        }
      }
      coders.forEach(({ config: { layer } }, i) => {
        const wanted = expected[set].layers[layer];
        const { rows: _, ...quality } = meters[i].quality();
        for (const [key, value] of Object.entries(quality)) {
          assertError([value], [wanted[key]], 1e-6, `${key} of layer ${layer}`);
        }
      });
    }));
}

for (const set of ["relu", "clt"]) {
  Deno.test(`Losses and logits with ${set} in the place of MLPs equal the reference`, () =>
    withModel(async (model) => {
      const coders = await open(set);
      const options = async (layers: number[], batch: Prompts) =>
        set === "clt"
          ? (await crossLayerReplacement(model, coders, batch, layers)).options
          : replacement(model, { coders: layers.map((layer) => coders[layer]) });
      const all = [0, 1, 2], first = [prompts[0]];
      const logits = await model.allLogits(first, await options(all, first));
      assertError(logits.data, await tensors.read(`${set}.replaced_logits`), 1e-5, "logits");
      for (const layers of [all, [1]]) {
        const wanted = layers === all ? expected[set].all : expected[set].layers[1];
        const single = prompts.map((prompt) => [prompt]);
        const found = await replacementLosses(model, single, (batch) => options(layers, batch));
        assertError([found.ce], [wanted.ce], 1e-5, `ce ${layers}`);
        assertError([found.kl], [wanted.kl], 1e-5, `kl ${layers}`);
        if (set === "clt") continue;
        // Padding changes nothing.
        const padded = await replacementLosses(model, [prompts], (batch) => options(layers, batch));
        assertError([padded.ce, padded.kl], [found.ce, found.kl], 1e-6, "padded");
      }
    }));
}

Deno.test("Zero ablation equals the reference", () =>
  withModel(async (model) => {
    const zeros = [0, 1, 2].map((layer) => `blocks.${layer}.hook_mlp_out`);
    const single = prompts.map((prompt) => [prompt]);
    const { ce, kl } = await replacementLosses(model, single, () => replacement(model, { zeros }));
    const wanted = expected.zero_ablated.all;
    assertError([ce, kl], [wanted.ce, wanted.kl], 1e-5, "zeros");
  }));
