/** Tells a user whose integration path has too few points for what the model does along it. */
import type { CheckpointSummary } from "../../results/circuit_summary.ts";
import type { CircuitConfig } from "./settings.ts";

/** Share of the metric's change that scores may miss without a word. */
const TOLERATED = 0.1;

/**
 * Which checkpoints' scores miss more of the metric's change than is tolerated, and what to do about it; undefined where
 * none do. Of methods without a path nothing is said.
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
  const advice = quadrature.startsWith("reference")
    ? '"quadrature": "midpoint" takes no longer and misses less wherever the path ends in a slope; so do more "ig_steps"'
    : 'more "ig_steps" miss less';
  return `${ig_steps} points of the rule "${quadrature}" are few at ${coarse.length} of ${checkpoints.length} checkpoints: ` +
    `scores out of the input miss more than ${
      percent(TOLERATED)
    } of the metric's change there, most at step ` +
    `${worst.step} (${percent(error(worst))}); ${advice}`;
}
