/** Head quantities on Llama-style models: grouped keys, RMSNorm, heads wider than d/H, norms after attention. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { cleanRun, corruptedHeads, directLogitAttribution, patchHeads, pathPatch } from "./mod.ts";
import { headSlices } from "./roles/component_swap.ts";
import { FOLDED, HookedModel, hookNames, type Readout, Runtime } from "../model/mod.ts";

const runtime = new Runtime({ threads: 1 });
const load = (name: string, processing?: typeof FOLDED) =>
  HookedModel.load(
    new URL(`../../tests/reference/architectures/${name}/model`, import.meta.url).pathname,
    { runtime, processing },
  );
const CLEAN = [51, 92, 17, 82, 51, 30, 29], CORRUPTED = [51, 67, 17, 82, 40, 30, 29];
const READOUT: Readout = {
  kind: "logits",
  ids: Int32Array.of(41, 17),
  weights: Float32Array.of(1, -1),
  width: 2,
};
const PAIRS = [{ clean: CLEAN, corrupted: CORRUPTED, position: 6 }];

function close(found: ArrayLike<number>, expected: ArrayLike<number>, share = 1e-5): void {
  const scale = Math.max(...Array.from(expected, Math.abs));
  Array.from(
    expected,
    (x, i) => assert(Math.abs(found[i] - x) <= share * scale, `${found[i]} ${x}`),
  );
}

for (const name of ["llama3", "qwen2", "qwen3", "olmo", "gemma2", "olmo2"]) {
  Deno.test(`Weight processing leaves the probabilities of ${name} as they are`, async () => {
    const logits = async (processing?: typeof FOLDED) => {
      const model = await load(name, processing);
      const { data } = await model.logits([CLEAN], [6]);
      model.close();
      const top = Math.log(data.reduce((sum, x) => sum + Math.exp(x), 0));
      return data.map((x) => x - top);
    };
    close(await logits(FOLDED), await logits());
  });
}

Deno.test("Direct logit attribution of qwen3 is each head's output along the read-out direction", async () => {
  const model = await load("qwen3");
  const { nLayers, nHeads: H, dModel: d } = model.config;
  const found = await directLogitAttribution(model, [CLEAN], [6], READOUT);
  const names = hookNames(model.config, "attn.hook_result");
  const { hooks } = await model.run([CLEAN], { read: [...names, "ln_final.hook_scale"] });
  const { W_U, ln_f_w } = await model.weights.unembedding();
  const scale = hooks.get("ln_final.hook_scale")!.data[6];
  const expected = Array.from({ length: nLayers * H }, (_, at) => {
    const result = hooks.get(names[Math.floor(at / H)])!.data;
    let sum = 0;
    for (let i = 0; i < d; i++) {
      const direction = ln_f_w.data[i] * (W_U.data[41 * d + i] - W_U.data[17 * d + i]);
      sum += result[(6 * H + at % H) * d + i] / scale * direction;
    }
    return sum;
  });
  close(found, expected);
  model.close();
});

for (const name of ["llama3", "qwen3"]) {
  Deno.test(`Patched heads and paths of ${name} equal patched hook points`, async () => {
    const model = await load(name);
    const { nLayers, nHeads: H, dHead: e } = model.config;
    const found = await patchHeads(model, PAIRS, READOUT);
    const clean = await cleanRun(model, PAIRS);
    const paths = await pathPatch(
      model,
      clean,
      await corruptedHeads(model, clean),
      "final",
      READOUT,
    );
    const point = "attn.hook_z" as const;
    const { hooks } = await model.run([CORRUPTED], { read: hookNames(model.config, point) });
    const expected: number[] = [];
    for (const hook of hookNames(model.config, point)) {
      for (let h = 0; h < H; h++) {
        const value = hooks.get(hook)!;
        const data = new Uint8Array(value.data.length / e).map((_, i) => i % H === h ? 1 : 0);
        const mask = { dtype: "bool" as const, shape: [1, 7, H, 1], data };
        const [metric] = await model.metric([CLEAN], [6], READOUT, {
          patches: [{ hook, value, mask }],
        });
        expected.push(metric);
      }
    }
    close(found, expected);
    // Nothing but the last MLP and the final norm comes after the last layer's heads.
    close(paths.values.subarray((nLayers - 1) * H), expected.slice((nLayers - 1) * H));
    const into = (letter: "q" | "k") =>
      corruptedHeads(model, clean).then((given) =>
        pathPatch(model, clean, given, { letter, heads: [[2, 0]] }, READOUT)
      );
    assertEquals((await into("q")).values.length, nLayers * H);
    await assertRejects(() => into("k"), Error, "heads that share keys and values");
    model.close();
  });
}

Deno.test("What a family's traits rule out is refused by name", async () => {
  const gemma2 = await load("gemma2");
  await assertRejects(() => patchHeads(gemma2, PAIRS, READOUT), Error, "gemma2 models");
  await assertRejects(
    () => directLogitAttribution(gemma2, [CLEAN], [6], READOUT),
    Error,
    "norms after attention and MLP, capped logits",
  );
  const olmo = await load("olmo");
  assertEquals(headSlices(olmo.config, 1).qkv_w[2].rows, [72, 80]);
  gemma2.close();
  olmo.close();
});
