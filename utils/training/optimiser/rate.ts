/** The learning rate: u ← η(t) u. */
import { type OptimiserPart, times } from "./part.ts";

/**
 * Scales updates by a learning rate.
 * @param rate the rate of step `t`, counted from 1; a run logs it as `rate`
 */
export function scaleByRate(rate: (t: number) => number): OptimiserPart {
  return {
    scalars: (t) => ({ rate: rate(t) }),
    apply: ({ updates, scalars }) => ({
      updates: updates.map((update) =>
        update.map(({ value, factor }) => ({ value, factor: times(scalars.rate, factor) }))
      ),
    }),
  };
}
