/**
 * Defines roles of heads on indirect-object prompts by scores `[L, H]`.
 *
 *  name mover   copies the name it attends to, and attends from END to IO more than to S1 and to S2
 *               (Wang et al. 2022; the attention condition is what the paper's `filter_name_movers` intends)
 *  effect       of path patching, in units of the metric's drop from clean to corrupted prompts:
 *               e(head) = (mean patched − mean clean) / (mean clean − mean corrupted).
 *               0 means no harm; −1 means that patching the head alone does as much as corrupting the prompt
 */
import { mean } from "../../base/mod.ts";
import type { AttentionToNames } from "../scores/mod.ts";

/**
 * Tells for each head of `[L, H]` whether it is a name mover.
 * @param copy copy scores in percent
 * @param threshold percent that a copy score must exceed
 */
export function isNameMover(
  copy: ArrayLike<number>,
  { io, s1, s2 }: Record<keyof AttentionToNames, ArrayLike<number>>,
  threshold: number,
): boolean[] {
  return Array.from(copy, (c, i) => c > threshold && io[i] > s1[i] && io[i] > s2[i]);
}

/**
 * Returns the effects of patched runs `[heads]`; all 0 if clean and corrupted prompts have the same mean metric.
 * @param patched metric of the patched runs `[heads, prompts]`
 * @param clean metric of the clean prompts `[prompts]`
 * @param corrupted metric of the corrupted prompts `[prompts]`
 */
export function patchingEffects(
  patched: Float32Array,
  clean: Float32Array,
  corrupted: Float32Array,
): Float32Array {
  const N = clean.length;
  const base = mean(clean), range = base - mean(corrupted);
  return Float32Array.from(
    { length: patched.length / N },
    (_, i) => range === 0 ? 0 : (mean(patched.subarray(i * N, (i + 1) * N)) - base) / range,
  );
}
