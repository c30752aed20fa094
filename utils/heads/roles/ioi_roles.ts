/**
 * Defines effects of heads on indirect-object prompts `[L, H]`.
 *
 *  effect       of path patching, in units of the metric's drop from clean to corrupted prompts:
 *               e(head) = (mean patched − mean clean) / (mean clean − mean corrupted).
 *               0 means no harm; −1 means that patching the head alone does as much as corrupting the prompt
 */
import { abilityOf, LEAST_RISES, mean } from "../../base/mod.ts";

/** Resamples of the intervals by which ability is judged. */
const RESAMPLES = 1000;

/**
 * Returns whether a model does the task (`abilityOf`), from the logit difference on each clean and corrupted prompt. Effects
 * in units of the metric's drop mean nothing where it does not drop.
 */
export function doesIoi(clean: ArrayLike<number>, corrupted: ArrayLike<number>): boolean {
  const leastRise = LEAST_RISES.logit_diff;
  return abilityOf(clean, { resamples: RESAMPLES, seed: 0, corrupted, leastRise }).able;
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
