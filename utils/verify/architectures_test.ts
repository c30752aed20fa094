/** Llama-style families against what the field's implementations compute; see tests/reference/README.md. */
import { assert, assertEquals } from "@std/assert";
import { relativeError, verdicts } from "./comparison.ts";
import { QUANTITIES } from "./quantities.ts";
import { ReferenceCase } from "./reference_case.ts";
import { HookedModel, hookNames, Runtime } from "../model/mod.ts";
import { attribute } from "../circuits/mod.ts";
import { type NdTensor, tensor } from "../onnx/mod.ts";
import { promptBatches } from "../tasks/mod.ts";

const CASES = ["llama3", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "olmo", "olmo2"];
const folder = (name: string) =>
  new URL(`../../tests/reference/architectures/${name}`, import.meta.url).pathname;
const runtime = new Runtime({ threads: 1 });

for (const name of CASES) {
  Deno.test(`Logits, edge scores and a circuit of ${name} equal the reference`, async () => {
    const c = await ReferenceCase.open(folder(name), { runtime });
    const found = [];
    for await (const verdict of verdicts(c, QUANTITIES)) found.push(verdict);
    await c.close();
    assertEquals(found.filter(({ ok }) => ok === false), []);
    assertEquals(found.filter(({ ok }) => ok).length, 4);
  });
}

const PROMPT = [51, 92, 17, 82, 51, 30, 29, 4, 56, 83, 50, 66, 67, 2];

for (const name of ["llama3", "gemma3"]) {
  Deno.test(`${name} gives the same logits after a prefix, in one session, and from copies per head`, async () => {
    const model = await HookedModel.load(`${folder(name)}/model`, { runtime });
    const whole = await model.logits([PROMPT], [13]);
    const { past } = await model.run([PROMPT.slice(0, 8)], { keysValues: true });
    const after = await model.logits([PROMPT.slice(8)], [5], { past });
    assert(relativeError(after.data, whole.data) < 5e-6, "after a prefix");
    const stacked = await HookedModel.load(`${folder(name)}/model`, {
      runtime,
      form: { layersPerSession: 3 },
    });
    assert(
      relativeError((await stacked.logits([PROMPT], [13])).data, whole.data) < 5e-6,
      "stacked",
    );
    const inputs = (["q", "k", "v"] as const).flatMap((j) =>
      hookNames(model.config, `hook_${j}_input`)
    );
    const { residual } = await model.run([PROMPT], { read: inputs });
    const copies = await model.unembed(residual, [13]);
    assert(relativeError(copies.data, whole.data) < 5e-6, "copies per head");
    stacked.close();
    model.close();
  });
}

Deno.test("Scores of gemma2 are the same layer by layer and in one session", async () => {
  const c = await ReferenceCase.open(folder("gemma2"), { runtime });
  const { clean, corrupted, positions } = c.prompts;
  const pairs = clean.map((tokens, n) => ({
    cleanText: "",
    corruptedText: "",
    clean: tokens,
    corrupted: corrupted[n],
    position: positions[n],
    correct: [],
    wrong: [],
  }));
  const batches = promptBatches(pairs, c.readout("logit_diff"));
  const scores = async (inOneSession: boolean) =>
    (await attribute(c.model, batches, { steps: 2, inOneSession })).scores;
  assert(relativeError(await scores(true), await scores(false)) < 1e-6);
  await c.close();
});

Deno.test("clip_qkv cuts off queries, keys and values as functions at their hook points do", async () => {
  const source = `${folder("olmo")}/model`, dir = await Deno.makeTempDir();
  const json = JSON.parse(await Deno.readTextFile(`${source}/config.json`));
  await Deno.copyFile(`${source}/model.safetensors`, `${dir}/model.safetensors`);
  await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify({ ...json, clip_qkv: 0.3 }));
  const plain = await HookedModel.load(source, { runtime });
  const clipped = await HookedModel.load(dir, { runtime });
  try {
    const hooks = (["q", "k", "v"] as const).flatMap((j) =>
      hookNames(plain.config, `attn.hook_${j}` as const)
    )
      .map((at) => ({
        at,
        call: (value: NdTensor) =>
          tensor(
            Float32Array.from(value.data as Float32Array, (x) => Math.min(0.3, Math.max(-0.3, x))),
            value.shape,
          ),
      }));
    const { residual: expected } = await plain.run([PROMPT], { hooks });
    const { residual: found } = await clipped.run([PROMPT]);
    const { residual: without } = await plain.run([PROMPT]);
    assert(relativeError(found.data as Float32Array, expected.data as Float32Array) < 5e-6);
    assert(relativeError(without.data as Float32Array, expected.data as Float32Array) > 1e-2);
  } finally {
    plain.close();
    clipped.close();
    await Deno.remove(dir, { recursive: true });
  }
});
