/**
 * Firing frequencies of features over windows of steps, as transcoder_circuits logs them: for each feature the share of the
 * window's tokens on which it fired.
 *
 *   log10 frequency              log10(share + 1e-10)
 *   mean_log10_feature_sparsity  its mean over features
 *   below_1e-5, below_1e-6       share of features below these frequencies
 *   dead_features                share of features below `dead_feature_threshold`
 *   density_…                    histogram: number of features by log10 frequency, in decades
 */
import type { Hook } from "../../training/mod.ts";
import type { CoderRun } from "./coder_run.ts";

/** Windows of a run. */
export interface DensitySettings {
  /** steps of a window */
  window: number;
  /** steps of the run */
  steps: number;
  /** tokens of a step */
  batch: number;
  /** frequency below which a feature counts as dead */
  deadBelow: number;
}

/** Decades of the histogram: below −6, −6 … −5, …, −1 … 0. */
const DECADES = [-6, -5, -4, -3, -2, -1];

/** Returns the hook that logs a window when it is over, and begins the next one. The last window ends with the run. */
export function densityHook(settings: DensitySettings): Hook<CoderRun> {
  const { window, steps, deadBelow } = settings;
  return {
    due: (step) => step > 0 && (step % window === 0 || step === steps),
    run({ step, run }) {
      const logs = logFrequencies(run, settings);
      run.log.add({ step, ...densityNumbers(logs, deadBelow) });
      if (step < steps) run.trainer.state.carried.tokens_fired.fill(0);
    },
    saves: false,
  };
}

/** Returns the log10 frequencies of the present window, one per feature. */
export function logFrequencies(
  { trainer: { state } }: Pick<CoderRun, "trainer">,
  { window, batch }: DensitySettings,
): Float32Array<ArrayBuffer> {
  const stepsInWindow = state.step === 0 ? 0 : (state.step - 1) % window + 1;
  const tokens = Math.max(1, stepsInWindow * batch);
  return state.carried.tokens_fired.map((count) => Math.log10(count / tokens + 1e-10));
}

/** Returns the numbers of a window from its log10 frequencies. */
export function densityNumbers(logs: Float32Array, deadBelow: number): Record<string, number> {
  const share = (limit: number) => {
    const below = Math.log10(limit + 1e-10);
    return logs.reduce((n, x) => n + Number(x < below), 0) / logs.length;
  };
  const edges = [-Infinity, ...DECADES, Infinity];
  const histogram = edges.slice(0, -1).map((low, i) => [
    i === 0 ? `density_below_1e${DECADES[0]}` : `density_from_1e${low}`,
    logs.reduce((n, x) => n + Number(x >= low && x < edges[i + 1]), 0),
  ]);
  return {
    mean_log10_feature_sparsity: logs.reduce((sum, x) => sum + x, 0) / logs.length,
    "below_1e-5": share(1e-5),
    "below_1e-6": share(1e-6),
    dead_features: share(deadBelow),
    ...Object.fromEntries(histogram),
  };
}
