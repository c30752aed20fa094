/**
 * Whether a model can do a task: over resampled prompts, the mean metric and the share of prompts with a positive metric stay
 * above 0 and above one half in 97.5 % of the resamples. Where it cannot, there is nothing to find a circuit of.
 */
import { bootstrapMeanIntervals, mean, seededIndices } from "../../base/mod.ts";

/** What is known of a model's ability. */
export interface Ability {
  /** whether the model can do the task */
  able: boolean;
  /** mean metric of the whole model */
  metric: number;
  /** its 95 % interval over prompts */
  interval: [number, number];
  /** share of prompts with a positive metric */
  accuracy: number;
}

/** Judges the ability from the metric of every prompt; see the header. */
export function abilityOf(metric: ArrayLike<number>, resamples: number, seed: number): Ability {
  const right = Array.from(metric, (value) => Number(value > 0));
  const [interval, share] = bootstrapMeanIntervals([metric, right], {
    resamples,
    draw: seededIndices(seed),
  });
  return {
    able: interval[0] > 0 && share[0] > 0.5,
    metric: mean(metric),
    interval,
    accuracy: mean(right),
  };
}
