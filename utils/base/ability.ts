/**
 * Whether a model does a task. Where it does not, a circuit explains noise, so tables, pages and figures show none.
 *
 * A model does a task if each of these, as far as it is measured, holds:
 *
 *   1. the mean metric on clean prompts is above 0;
 *   2. the metric is positive on more than half of the prompts;
 *   3. the mean metric rises from corrupted to clean prompts by more than a least rise ({@link LEAST_RISES}).
 *
 * Each quantity is the lower end of its 95 % bootstrap interval over prompts, or the mean where no interval is stored.
 * The least rise matters at random initialisation: there the metric differs a little between any two sets of prompts,
 * and resampling prompts does not change that.
 */
import { isRehearsal } from "./rehearsal.ts";
import { bootstrapMeanIntervals, mean, seededIndices } from "./statistics.ts";

/** Least rise by metric: half a logit; five points of probability. */
export const LEAST_RISES: Readonly<Record<string, number>> = { logit_diff: 0.5, prob_diff: 0.05 };

/** What is known of a model's metric. */
export interface AbilityEvidence {
  /** the mean metric on clean prompts is at least this */
  metric: number;
  /** share of prompts with a positive metric, at least; left out where it is not known */
  share?: number;
  /** mean metric on clean prompts minus that on corrupted ones, at least; left out where it is not measured */
  rise?: number;
}

/**
 * Decides whether a model does a task; see the header. Every caller of the project decides here. A rehearsal, whose metrics
 * are made up, does it.
 */
export function doesTask(
  { metric, share = 1, rise = Infinity }: AbilityEvidence,
  leastRise = 0,
): boolean {
  return isRehearsal() || metric > 0 && share > 0.5 && rise > leastRise;
}

/** What is known of a model's ability. */
export interface Ability {
  /** whether the model does the task */
  able: boolean;
  /** mean metric of the whole model on clean prompts */
  metric: number;
  /** its 95 % interval over prompts */
  interval: [number, number];
  /** share of clean prompts with a positive metric */
  accuracy: number;
  /** 95 % interval of the rise from corrupted to clean prompts, where that was given */
  rise?: [number, number];
}

/** How ability is judged. */
export interface AbilityOptions {
  /** resamples of the bootstrap */
  resamples: number;
  /** seed of the resampling */
  seed: number;
  /** metric on the corrupted prompt of each pair */
  corrupted?: ArrayLike<number>;
  /** least rise from corrupted to clean prompts; default 0 */
  leastRise?: number;
}

/** Judges the ability from the metric of every clean prompt; see the header. */
export function abilityOf(
  metric: ArrayLike<number>,
  { resamples, seed, corrupted, leastRise }: AbilityOptions,
): Ability {
  const clean = Array.from(metric);
  const right = clean.map((value) => Number(value > 0));
  const lists = [clean, right, ...corrupted ? [clean.map((value, i) => value - corrupted[i])] : []];
  const [interval, share, rise] = bootstrapMeanIntervals(lists, {
    resamples,
    draw: seededIndices(seed),
  });
  return {
    able: doesTask({ metric: interval[0], share: share[0], rise: rise?.[0] }, leastRise),
    metric: mean(clean),
    interval,
    accuracy: mean(right),
    ...(rise && { rise }),
  };
}
