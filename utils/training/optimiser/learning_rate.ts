/**
 * Learning rate of step t = 1 … steps (Pythia's: linear warm-up, then half a cosine down to a tenth):
 *
 *   t ≤ warmup:  peak · t / warmup
 *   t > warmup:  low + (peak − low) · (1 + cos(π (t − warmup) / (steps − warmup))) / 2,   low = peak · final
 */

/** Settings of a schedule. */
export interface LearningRateSettings {
  /** largest rate */
  peak: number;
  /** share of the peak that is left at the last step */
  final: number;
  /** steps of linear warm-up */
  warmup: number;
  /** steps of the run */
  steps: number;
}

/** Returns the learning rate of step `t`, counted from 1. */
export function learningRate(
  t: number,
  { peak, final, warmup, steps }: LearningRateSettings,
): number {
  if (t <= warmup) return peak * t / warmup;
  const low = peak * final;
  const part = Math.min(1, (t - warmup) / Math.max(1, steps - warmup));
  return low + (peak - low) * (1 + Math.cos(Math.PI * part)) / 2;
}
