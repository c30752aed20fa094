/**
 * Learning rate of step t = 1 … steps (Pythia's: linear warm-up, then half a cosine down to a tenth):
 *
 *   t ≤ warmup:  peak · t / warmup
 *   t > warmup:  low + (peak − low) · (1 + cos(π (t − warmup) / (steps − warmup))) / 2,   low = peak · final
 */
export interface LearningRateSettings {
  peak: number;
  /** share of the peak that is left at the last step */
  final: number;
  warmup: number;
  steps: number;
}

/** The learning rate of step t, counted from 1. */
export function learningRate(t: number, { peak, final, warmup, steps }: LearningRateSettings) {
  if (t <= warmup) return peak * t / warmup;
  const low = peak * final;
  const part = Math.min(1, (t - warmup) / Math.max(1, steps - warmup));
  return low + (peak - low) * (1 + Math.cos(Math.PI * part)) / 2;
}
