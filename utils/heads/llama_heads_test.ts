/** Head quantities on Llama-style models: grouped keys, RMSNorm, heads wider than d/H, norms after attention. */
import { assert, assertEquals } from "@std/assert";
import { cleanRun, corruptedHeads, directLogitAttribution, patchHeads, pathPatch } from "./mod.ts";
import { headDonor, headSlices, swappedSource } from "./roles/component_swap.ts";
import { ungroupedSource } from "./roles/ungrouped_source.ts";
import type { Head } from "./head.ts";
import type { Receivers } from "./patching/path_patching.ts";
import { FOLDED, HookedModel, hookNames, type Readout, Runtime } from "../model/mod.ts";
import { slowPathPatch } from "../../tests/oracle/slow_path_patch.ts";
import { llamaConfigOf, llamaModel } from "../../tests/support/llama_model.ts";

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

/** Small random models: caps that bend, biases, one key/value head, windows shorter than the prompt. */
const SMALL = {
  gemma2: llamaConfigOf("gemma2", {
    attention_bias: true,
    num_key_value_heads: 1,
    final_logit_softcapping: 4,
    attn_logit_softcapping: 2,
  }),
  olmo2: llamaConfigOf("olmo2", { attention_bias: true }),
  qwen3: llamaConfigOf("qwen3"),
};
const PAIR = {
  clean: [3, 9, 14, 2, 9, 11, 6],
  corrupted: [3, 5, 14, 2, 7, 11, 6],
  position: 6,
};
const ANSWERS: Readout = { ...READOUT, ids: Int32Array.of(4, 12) };

for (const [name, config] of Object.entries(SMALL)) {
  Deno.test(`Direct contributions of heads, MLPs and the embedding of ${name} add up to the logit difference before a cap`, async () => {
    const model = llamaModel(config, runtime);
    const { nLayers, dModel: d, nHeads: H, llama } = config;
    const heads = await directLogitAttribution(model, [PAIR.clean], [6], ANSWERS);
    const names = ["hook_embed", ...hookNames(config, "hook_mlp_out")];
    const attention = hookNames(config, "hook_attn_out");
    const { hooks } = await model.run([PAIR.clean], {
      read: [...names, ...attention, "ln_final.hook_scale"],
    });
    const { W_U, ln_f_w } = await model.weights.unembedding();
    const scale = hooks.get("ln_final.hook_scale")!.data[6];
    const along = (hook: string) => {
      const { data } = hooks.get(hook)!;
      let sum = 0;
      for (let i = 0; i < d; i++) {
        sum += data[6 * d + i] * ln_f_w.data[i] * (W_U.data[4 * d + i] - W_U.data[12 * d + i]);
      }
      return sum / scale;
    };
    const found = Array.from(
      { length: nLayers },
      (_, l) => heads.subarray(l * H, (l + 1) * H).reduce((a, b) => a + b, 0),
    );
    // The output bias belongs to no head.
    if (llama!.biases === "none") close(found, attention.map(along), 2e-5);
    const bias = attention.map(along).map((x, l) => x - found[l]);
    const { data } = await model.logits([PAIR.clean], [6]);
    const cap = llama!.logitCap;
    const [a, b] = [4, 12].map((id) => cap ? cap * Math.atanh(data[id] / cap) : data[id]);
    const total = [...names.map(along), ...found, ...bias].reduce((x, y) => x + y, 0);
    close([total], [a - b], 2e-5);
    model.close();
  });

  Deno.test(`Patched heads and paths of ${name} equal whole runs with patched hook points, also where keys are shared`, async () => {
    const model = llamaModel(config, runtime);
    const { nLayers: L, nHeads: H, dHead: e } = config;
    const clean = await cleanRun(model, [PAIR]);
    const given = await corruptedHeads(model, clean);
    const found = await patchHeads(model, [PAIR], ANSWERS);
    const expected: number[] = [];
    const point = "attn.hook_z" as const;
    const { hooks } = await model.run([PAIR.corrupted], { read: hookNames(config, point) });
    for (const hook of hookNames(config, point)) {
      for (let h = 0; h < H; h++) {
        const value = hooks.get(hook)!;
        const data = new Uint8Array(value.data.length / e).map((_, i) => i % H === h ? 1 : 0);
        const mask = { dtype: "bool" as const, shape: [1, 7, H, 1], data };
        const [metric] = await model.metric([PAIR.clean], [6], ANSWERS, {
          patches: [{ hook, value, mask }],
        });
        expected.push(metric);
      }
    }
    close(found, expected);
    // The oracle runs the model whose heads do not share keys.
    const ungrouped = HookedModel.fromSource(ungroupedSource(model.weights.asSource()), {
      runtime,
    });
    const receivers: Receivers[] = [
      "final",
      ...(["q", "k", "v"] as const).map((letter) => ({
        letter,
        heads: [[L - 1, 1], [L - 1, 2]] as const,
      })),
    ];
    for (const into of receivers) {
      const { values } = await pathPatch(model, clean, given, into, ANSWERS, {
        senders: [[0, 1], [0, 3]],
      });
      const slow = await Promise.all([1, 3].map(async (h) => {
        const { logits } = await slowPathPatch(ungrouped, PAIR, [0, h], into);
        return logits[4] - logits[12];
      }));
      close(values, slow, 2e-5);
    }
    ungrouped.close();
    model.close();
  });

  Deno.test(`Swapping all heads of ${name} gives the donor's attention, and each swapped head its part`, async () => {
    const target = llamaModel(config, runtime), donor = llamaModel(config, runtime, 6);
    const all: Head[] = Array.from({ length: config.nHeads }, (_, h) => [1, h]);
    const from = donor.weights.asSource(), into = target.weights.asSource();
    const swapped = async (heads: Head[]) =>
      HookedModel.fromSource(swappedSource(into, await headDonor(from, heads), heads), {
        runtime,
      });
    // The same layer with the donor's stored tensors in the place of the target's.
    const names = ["qkv_w", "qkv_b", "o_w"];
    if (config.llama!.qkNorm === "all") names.push("q_norm_w", "k_norm_w");
    const whole = HookedModel.fromSource({
      ...into,
      load: async (unit) => {
        const [own, others] = [await into.load(unit), await from.load(unit)];
        return unit !== "1"
          ? own
          : { ...own, ...Object.fromEntries(names.map((name) => [name, others[name]])) };
      },
    }, { runtime });
    const logits = async (model: HookedModel) => (await model.logits([PAIR.clean], [6])).data;
    const every = await swapped(all), one = await swapped([[1, 2]]);
    close(await logits(every), await logits(whole));
    // A head's values, whose weights no other head has a part in.
    const read = { read: ["blocks.1.attn.hook_v"] };
    const [v, own, others] = await Promise.all(
      [one, every, await swapped([])].map(async (model) =>
        (await model.run([PAIR.clean], read)).hooks.get("blocks.1.attn.hook_v")!.data
      ),
    );
    const e = config.dHead, H = config.nHeads;
    const expected = v.map((_, i) => Math.floor(i / e) % H === 2 ? own[i] : others[i]);
    close(v, expected);
    for (const model of [target, donor, whole, every, one]) model.close();
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
    model.close();
  });
}

Deno.test("Slices of heads of OLMo's queries, keys and values are below one another", async () => {
  const olmo = await load("olmo");
  assertEquals(headSlices(olmo.config, 1).qkv_w[2].rows, [72, 80]);
  olmo.close();
});
