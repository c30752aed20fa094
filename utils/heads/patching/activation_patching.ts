/**
 * Patches the activations of heads: replaces the output z of each head alone and recomputes everything after it.
 *
 *  1. Start at the head's layer l, because the patched run equals the clean run before it. Run block l with the attention
 *     output A + (z'_h − z_h)·W_O[h], for all heads of the layer at once (`frozen_block.ts`).
 *  2. Run the blocks after l unchanged, with batch = heads × prompts, at the positions of the span (`patched_run.ts`).
 *
 * z' comes from the corrupted prompts, or is zero. Zero ablation acts on every position (span "all").
 */
import type { HookedModel, Readout } from "../../model/mod.ts";
import {
  type CleanRun,
  cleanRun,
  corruptedHeads,
  type PatchPrompt,
  silentHeads,
} from "./clean_run.ts";
import { FrozenBlocks } from "./frozen_block.ts";
import { batchRows, type PatchedGroup, readoutOfRows, runPatched } from "./patched_run.ts";
import { allHeads, type Head } from "../head.ts";
import { senderGroups } from "./sender_groups.ts";
import type { F32 } from "../../onnx/mod.ts";

/**
 * Returns the metric with each of `heads` replaced alone, `[heads, prompts]`.
 * @param given outputs that replace the heads' outputs, per layer `[rows, H, d_head]`
 * @throws RangeError when a head does not exist.
 */
export async function activationPatch(
  model: HookedModel,
  clean: CleanRun,
  given: readonly F32[],
  readout: Readout,
  heads: readonly Head[] = allHeads(model.config),
): Promise<Float32Array> {
  const N = clean.prompts.length;
  const values = new Float32Array(heads.length * N);
  const blocks = new FrozenBlocks(model);
  const patched: PatchedGroup[] = [];
  for (const group of senderGroups(heads, model.config)) {
    const { layer } = group;
    const after = () => blocks.patched(layer, clean.layers[layer], given[layer], group.heads);
    if (layer === model.config.nLayers - 1) {
      const last = await readoutOfRows(model, clean, await after(), readout);
      group.places.forEach((place, s) => values.set(last.subarray(s * N, (s + 1) * N), place * N));
      continue;
    }
    let x: Promise<F32> | undefined;
    patched.push({
      from: layer + 1,
      size: group.heads.length,
      start: async (batch) => batchRows(await (x ??= after()), batch),
      finish: ({ prompts }, metric) =>
        metric.forEach((value, i) => {
          const place = group.places[Math.floor(i / prompts.length)];
          values[place * N + prompts[i % prompts.length]] = value;
        }),
    });
  }
  await runPatched(model, clean, patched, readout);
  return values;
}

/** Returns the metric with the output of each head taken from the corrupted prompt, `[heads, prompts]`. */
export async function patchHeads(
  model: HookedModel,
  prompts: readonly PatchPrompt[],
  readout: Readout,
  heads?: readonly Head[],
): Promise<Float32Array> {
  const clean = await cleanRun(model, prompts, "changed");
  return activationPatch(model, clean, await corruptedHeads(model, clean), readout, heads);
}

/** Returns the metric with the output of each head set to zero at every position, `[heads, prompts]`. */
export async function zeroAblateHeads(
  model: HookedModel,
  prompts: readonly Pick<PatchPrompt, "clean" | "position">[],
  readout: Readout,
  heads?: readonly Head[],
): Promise<Float32Array> {
  const pairs = prompts.map(({ clean, position }) => ({ clean, corrupted: clean, position }));
  const clean = await cleanRun(model, pairs, "all");
  return activationPatch(model, clean, silentHeads(clean), readout, heads);
}
