import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { HookedModel } from "../../model/hooked_model.ts";
import type { WeightSource } from "../../model/weights/weight_source.ts";
import type { WeightUnit } from "../../model/blocks/block_weights.ts";
import { tensor } from "../../onnx/mod.ts";
import { headDonor, swapHeads, swappedSource, SwapTarget } from "./component_swap.ts";
import type { Head } from "../head.ts";
import {
  ARCHITECTURES,
  logitDifference,
  referenceModel,
  unevenPairs,
} from "../../../tests/support/head_cases.ts";

/** Makes another checkpoint of the same model: every weight is scaled a little differently. */
function otherSource(source: WeightSource): WeightSource {
  return {
    ...source,
    async load(unit) {
      const weights = await source.load(unit);
      return Object.fromEntries(
        Object.entries(weights).map(([name, { data, shape }]) => [
          name,
          tensor(data.map((x, i) => x * (1 + 0.3 * Math.sin(i))), shape),
        ]),
      ) as WeightUnit;
    },
    close() {},
  };
}

for (const architecture of ARCHITECTURES) {
  Deno.test(`swapHeads() copies the source's attention, and swapping back restores it (${architecture})`, async () => {
    const model = await referenceModel(architecture);
    const target = model.weights.asSource(), source = otherSource(target);
    const [a, b] = [await target.load("1"), await source.load("1")];
    const all = swapHeads(a, b, model.config, [2, 0, 3, 1]);
    for (const name of ["qkv_w", "qkv_b", "o_w"]) assertEquals(all[name], b[name]);
    for (const name of ["o_b", "ln1_w", "in_w"]) assertEquals(all[name], a[name]);
    const one = swapHeads(a, b, model.config, [2]);
    assert(one.qkv_w.data.some((x, i) => x !== a.qkv_w.data[i]));
    assertEquals(swapHeads(one, a, model.config, [2]), a);
    const { dModel: d } = model.config;
    const changed = one.qkv_w.data.filter((x, i) => x !== a.qkv_w.data[i]).length;
    assert(changed <= 3 * (d / 4) * d && changed > 0.95 * 3 * (d / 4) * d, `${changed}`);
    model.close();
  });

  Deno.test(`a swapped head computes as in the source, other heads as in the target (${architecture})`, async () => {
    const model = await referenceModel(architecture);
    const target = model.weights.asSource();
    const other = HookedModel.fromSource(otherSource(target), { runtime: model.runtime });
    const swapped = HookedModel.fromSource(
      swappedSource(target, await headDonor(other.weights.asSource(), [[1, 2]]), [[1, 2]]),
      {
        runtime: model.runtime,
      },
    );
    // LN1 belongs to the target, so the source's head gets the target's LayerNorm.
    const mixed = HookedModel.fromSource({
      ...other.weights.asSource(),
      load: async (unit) => {
        const { ln1_w, ln1_b } = await target.load(unit);
        const own = await other.weights.asSource().load(unit);
        return ln1_w ? { ...own, ln1_w, ln1_b } : own;
      },
    }, { runtime: model.runtime });
    const { residual: x } = await model.run([[3, 14, 15, 92, 6, 5]], { to: 1 });
    const results = async (m: HookedModel) => {
      const read = ["blocks.1.attn.hook_result"];
      const { hooks } = await m.runBlocks(x, { from: 1, to: 2, read });
      return hooks.get("blocks.1.attn.hook_result")!;
    };
    const [ours, before, source] = [
      await results(swapped),
      await results(model),
      await results(mixed),
    ];
    const { nHeads, dModel } = model.config;
    ours.data.forEach((value, i) => {
      const head = Math.floor(i / dModel) % nHeads;
      assertAlmostEquals(value, (head === 2 ? source : before).data[i], 1e-6);
    });
    for (const m of [swapped, mixed, other, model]) m.close();
  });
}

Deno.test("SwapTarget runs from the first swapped layer and equals the whole swapped model", async () => {
  const model = await referenceModel("neox");
  const other = HookedModel.fromSource(otherSource(model.weights.asSource()), {
    runtime: model.runtime,
  });
  const prompts = unevenPairs();
  const readout = logitDifference(prompts.length);
  const lists = prompts.map((p) => [...p.clean]), positions = prompts.map((p) => p.position);
  const heads: Head[] = [[2, 1], [1, 3]];
  const target = await SwapTarget.of(model, heads, prompts, readout, 2);
  const donor = await headDonor(other.weights.asSource(), heads);
  const whole = HookedModel.fromSource(
    swappedSource(model.weights.asSource(), donor, heads),
    { runtime: model.runtime },
  );
  const close = (a: Float32Array, b: Float32Array) =>
    a.forEach((value, i) => assertAlmostEquals(value, b[i], 1e-5));
  close(await target.baseline(), await model.metric(lists, positions, readout));
  close(await target.swapped(donor), await whole.metric(lists, positions, readout));
  close(
    await target.swapped(await headDonor(model.weights.asSource(), heads)),
    await target.baseline(),
  );
  for (const m of [whole, other, model]) m.close();
});

Deno.test("swapping refuses other shapes, missing heads and no heads", async () => {
  const [a, b] = [await referenceModel("neox"), await referenceModel("gpt2")];
  const donor = await headDonor(b.weights.asSource(), [[0, 0]]);
  await assertRejects(
    () => swappedSource(a.weights.asSource(), donor, [[0, 0]]).load("0"),
    Error,
    "checkpoints of one model: qkv_w is [96,32] in the target and [32,96] in the source",
  );
  const prompts = unevenPairs();
  const readout = logitDifference(prompts.length);
  await assertRejects(() => SwapTarget.of(a, [[0, 4]], prompts, readout), RangeError, "a0.h4");
  await assertRejects(() => SwapTarget.of(a, [], prompts, readout), Error, "at least one head");
  a.close();
  b.close();
});
