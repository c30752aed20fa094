/** Computes mean activations over a data set, which the mean interventions put in the place of corrupted ones. */
import { type F32, tensor } from "../../onnx/mod.ts";
import { type HookedModel, hookName, hookNames } from "../../model/mod.ts";
import type { MeanActivations } from "./activations.ts";
import { SCALE } from "./source_outputs.ts";

/**
 * Returns mean source outputs over whole prompts. Each mean is over all prompts and their real positions; a positional
 * mean is over the prompts that reach the position. The prompts are the data set of the intervention, usually the
 * corrupted prompts. Where a norm follows attention, the mean is that of a head's share z/σ: the returned z and scale are
 * mean(z/σ)/mean(1/σ) and 1/mean(1/σ).
 */
export async function meanActivations(
  model: HookedModel,
  prompts: readonly (readonly number[])[],
  positional: boolean,
): Promise<MeanActivations> {
  const length = Math.max(...prompts.map((p) => p.length));
  const slots = positional ? length : 1;
  const counts = new Float64Array(slots);
  const sums = new Map<string, Float64Array>();
  const read = [
    "hook_embed",
    ...hookNames(model.config, "attn.hook_z"),
    ...hookNames(model.config, "hook_mlp_out"),
    ...(model.config.llama?.postNorm ? hookNames(model.config, SCALE) : []),
  ];
  for (const prompt of prompts) {
    const { hooks } = await model.run([prompt], { read });
    if (model.config.llama?.postNorm) divideByScales(model, hooks);
    for (let p = 0; p < prompt.length; p++) counts[positional ? p : 0]++;
    for (const [name, t] of hooks) {
      const row = t.data.length / prompt.length;
      const sum = sums.get(name) ?? new Float64Array(slots * row);
      for (let i = 0; i < t.data.length; i++) {
        sum[positional ? i : i % row] += t.data[i];
      }
      sums.set(name, sum);
    }
  }
  const meanOf = (name: string): F32 => {
    const sum = sums.get(name)!;
    const row = sum.length / slots;
    const data = Float32Array.from(sum, (x, i) => x / counts[Math.floor(i / row)]);
    return tensor(data, [slots, row]);
  };
  const z = hookNames(model.config, "attn.hook_z").map(meanOf);
  const scale = model.config.llama?.postNorm
    ? hookNames(model.config, SCALE).map((name, l) => {
      const inverse = meanOf(name);
      const width = z[l].shape[1];
      z[l] = tensor(z[l].data.map((x, i) => x / inverse.data[Math.floor(i / width)]), z[l].shape);
      return tensor(inverse.data.map((x) => 1 / x), inverse.shape);
    })
    : undefined;
  return {
    positional,
    length,
    means: {
      input: meanOf("hook_embed"),
      z,
      mlp: hookNames(model.config, "hook_mlp_out").map(meanOf),
      ...(scale && { scale }),
    },
  };
}

/** Replaces each layer's z by z/σ, and the scale σ of its norm after attention by 1/σ. */
function divideByScales({ config }: HookedModel, hooks: Map<string, F32>): void {
  for (let l = 0; l < config.nLayers; l++) {
    const [z, scale] = ["attn.hook_z", SCALE].map((point) => hooks.get(hookName(l, point))!);
    const width = config.nHeads * config.dHead;
    const share = z.data.map((x, i) => x / scale.data[Math.floor(i / width)]);
    hooks.set(hookName(l, "attn.hook_z"), tensor(share, z.shape));
    hooks.set(hookName(l, SCALE), tensor(scale.data.map((x) => 1 / x), scale.shape));
  }
}
