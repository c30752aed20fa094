/** Path patching straight from its definition: the oracle of the fast implementation. */
import type { HookedModel, Patch } from "../../utils/model/hooked_model.ts";
import { tensor } from "../../utils/onnx/mod.ts";
import type { PatchPrompt } from "../../utils/heads/patching/clean_run.ts";
import type { Receivers } from "../../utils/heads/patching/path_patching.ts";
import type { Head } from "../../utils/names/nodes.ts";

/**
 * Patches one path on one prompt with two whole runs and heads frozen by patches.
 * @param onlyAt the only position at which sender and receivers are patched; default: all
 * @returns logits and attention pattern at the read-out position
 */
export async function slowPathPatch(
  model: HookedModel,
  { clean, corrupted, position }: PatchPrompt,
  [layer, head]: Head,
  receivers: Receivers,
  onlyAt?: number,
): Promise<
  { logits: Float32Array; pattern: (layer: number, head: number, key: number) => number }
> {
  const { nLayers, nHeads, dHead } = model.config;
  const names = Array.from({ length: nLayers }, (_, l) => `blocks.${l}.attn.hook_z`);
  const z = (await model.run([[...clean]], { read: names })).hooks;
  const other = (await model.run([[...corrupted]], { read: names })).hooks.get(names[layer])!;
  const frozen: Patch[] = names.map((hook, l) => {
    const value = z.get(hook)!;
    const data = value.data.slice();
    for (let p = 0; l === layer && p < clean.length; p++) {
      if (onlyAt !== undefined && p !== onlyAt) continue;
      const at = (p * nHeads + head) * dHead;
      data.set(other.data.subarray(at, at + dHead), at);
    }
    return { hook, value: tensor(data, value.shape) };
  });
  const patterns = Array.from({ length: nLayers }, (_, l) => `blocks.${l}.attn.hook_pattern`);
  if (receivers === "final") {
    const logits = await model.logits([[...clean]], [position], { patches: frozen });
    return { logits: logits.data, pattern: () => NaN };
  }
  const points = [...new Set(receivers.heads.map(([l]) => l))]
    .map((l) => [l, `blocks.${l}.attn.hook_${receivers.letter}`] as const);
  const read = points.map(([, name]) => name);
  const first = await model.run([[...clean]], { patches: frozen, read });
  const patches: Patch[] = points.map(([l, hook]) => {
    const value = first.hooks.get(hook)!;
    const mask = new Uint8Array(clean.length * nHeads).map((_, i) =>
      Number(
        receivers.heads.some(([rl, rh]) => rl === l && rh === i % nHeads) &&
          (onlyAt === undefined || Math.floor(i / nHeads) === onlyAt),
      )
    );
    return { hook, value, mask: tensor(mask, [1, clean.length, nHeads, 1]) };
  });
  const { data } = await model.logits([[...clean]], [position], { patches });
  const { hooks } = await model.run([[...clean]], { patches, read: patterns });
  const T = clean.length;
  return {
    logits: data,
    pattern: (l, h, key) => hooks.get(patterns[l])!.data[(h * T + position) * T + key],
  };
}
