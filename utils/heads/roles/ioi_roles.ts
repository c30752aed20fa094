/**
 * Roles of heads on indirect-object prompts, by definition on scores `[L, H]`.
 *
 *  name mover   copies the name it attends to, and attends from END to IO more than to S1 and to S2
 *               (Wang et al. 2022; the condition on attention is the intended one of the paper's `filter_name_movers`)
 *  effects      of path patching, on the scale of the metric's own fall:
 *               e(head) = (mean patched − mean clean) / (mean clean − mean corrupted),
 *               0 without harm and −1 where patching the one head does all that corrupting the prompt does
 */
import { mean } from "../../base/statistics.ts";
import type { AttentionToNames } from "../scores/attention_scores.ts";
import type { Head } from "../head.ts";

/** Heads of a matrix `[L, H]` that meet a condition on their place. */
export function headsWhere(
  shape: { nLayers: number; nHeads: number },
  condition: (place: number) => boolean,
): Head[] {
  const heads: Head[] = [];
  for (let i = 0; i < shape.nLayers * shape.nHeads; i++) {
    if (condition(i)) heads.push([Math.floor(i / shape.nHeads), i % shape.nHeads]);
  }
  return heads;
}

/** Place of a head in a matrix `[L, H]`. */
export const placeOf = ([layer, head]: Head, { nHeads }: { nHeads: number }): number =>
  layer * nHeads + head;

/**
 * Whether each head of `[L, H]` is a name mover.
 * @param copy copy scores in percent, and `threshold` what they must exceed
 */
export function isNameMover(
  copy: ArrayLike<number>,
  { io, s1, s2 }: Record<keyof AttentionToNames, ArrayLike<number>>,
  threshold: number,
): boolean[] {
  return Array.from(copy, (c, i) => c > threshold && io[i] > s1[i] && io[i] > s2[i]);
}

/**
 * Effects of patched runs; all 0 where clean and corrupted prompts have the same mean metric.
 * @param patched `[heads, prompts]`
 * @param clean metric of the clean, `corrupted` of the corrupted prompts, `[prompts]`
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
