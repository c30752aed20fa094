/**
 * Defines effects of heads on indirect-object prompts `[L, H]`.
 *
 *  effect       of path patching, in units of the metric's drop from clean to corrupted prompts:
 *               e(head) = (mean patched − mean clean) / (mean clean − mean corrupted).
 *               0 means no harm; −1 means that patching the head alone does as much as corrupting the prompt
 */
import { mean } from "../../base/mod.ts";

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
