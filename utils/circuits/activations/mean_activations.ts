/** Computes mean activations over a data set, which the mean interventions put in the place of corrupted ones. */
import { type F32, tensor } from "../../onnx/mod.ts";
import { type HookedModel, hookNames } from "../../model/mod.ts";
import type { MeanActivations } from "./activations.ts";

/**
 * Returns mean source outputs over whole prompts. Each mean is over all prompts and their real positions; a positional
 * mean is over the prompts that reach the position. The prompts are the data set of the intervention, usually the
 * corrupted prompts.
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
  ];
  for (const prompt of prompts) {
    const { hooks } = await model.run([prompt], { read });
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
  return {
    positional,
    length,
    means: {
      input: meanOf("hook_embed"),
      z: hookNames(model.config, "attn.hook_z").map(meanOf),
      mlp: hookNames(model.config, "hook_mlp_out").map(meanOf),
    },
  };
}
