/** Warns a user whose integration path has too few points for how the model changes along it. */
import type { CheckpointSummary } from "../../results/mod.ts";
import type { CircuitConfig } from "./settings.ts";

/** Share of the metric's change that scores may miss without a warning. */
const TOLERATED = 0.1;

/**
 * Returns a warning that names the checkpoints whose scores miss too much of the metric's change, and what to do;
 * undefined if there is none. Methods without a path never miss any.
 */
export function pathWarning(
  checkpoints: readonly CheckpointSummary[],
  { quadrature, ig_steps }: Pick<CircuitConfig, "quadrature" | "ig_steps">,
): string | undefined {
  const error = (c: CheckpointSummary) => c.completeness.missing ?? 0;
  const coarse = checkpoints.filter((c) => error(c) > TOLERATED);
  if (coarse.length === 0) return undefined;
  const worst = coarse.reduce((a, b) => error(b) > error(a) ? b : a);
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  if (quadrature === "adaptive") {
    return `the path stops at its largest number of points at ${coarse.length} of ${checkpoints.length} checkpoints: ` +
      `scores miss over ${percent(TOLERATED)} of the metric's change (worst: step ${worst.step}, ` +
      `${percent(error(worst))}).`;
  }
  const advice = quadrature.startsWith("reference")
    ? 'Try "quadrature": "midpoint" (same cost) or more "ig_steps".'
    : 'Try more "ig_steps".';
  return `${ig_steps} "${quadrature}" points are too coarse at ${coarse.length} of ${checkpoints.length} ` +
    `checkpoints: scores miss over ${percent(TOLERATED)} of the metric's change (worst: step ` +
    `${worst.step}, ${percent(error(worst))}). ${advice}`;
}
