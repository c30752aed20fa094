/**
 * Activation patching of heads: each head's output z is replaced, everything after it is recomputed.
 *
 *  1. The patched run equals the clean run up to the head's layer l, so it starts there: block l with the attention
 *     output A + (z'_h − z_h)·W_O[h], for all heads of the layer at once (`frozen_block.ts`).
 *  2. The blocks after l run as they are, batch = heads × prompts, positions of the span only (`patched_run.ts`).
 *
 * z' comes from the corrupted prompts, or is zero (zero ablation, which acts on every position: span "all").
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
 * The metric with each of `heads` alone replaced, `[heads, prompts]`.
 * @param given heads' outputs to take, per layer `[rows, H, d_head]`
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

/** The metric with each head's output taken from the corrupted prompt, `[heads, prompts]`. */
export async function patchHeads(
  model: HookedModel,
  prompts: readonly PatchPrompt[],
  readout: Readout,
  heads?: readonly Head[],
): Promise<Float32Array> {
  const clean = await cleanRun(model, prompts, "changed");
  return activationPatch(model, clean, await corruptedHeads(model, clean), readout, heads);
}

/** The metric with each head silent at every position, `[heads, prompts]`. */
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
