/**
 * Is a feature that stays fed by the same inputs? For a feature that is kept from one checkpoint to the next, with the shares
 * of its sources at both:
 *
 *     overlap = Σ_s min(|a_s|, |b_s|)·[same sign] / Σ_s max(|a_s|, |b_s|)
 *
 * over sources that count as the same when they are kept too. 1 means the same inputs in the same amounts.
 *
 *  - `ceiling`: the overlap of two halves of the prompts at the later checkpoint, what noise alone leaves.
 *  - `floor`: the overlap with the later inputs of another kept feature of the same layer and role, or of the same layer if the
 *    role has no other.
 *  - The change 1 − overlap is split into what sources that are kept change, and what sources without a match bring or take.
 *
 * Intervals are over resampled prompts.
 */
import { percentileInterval, resampledIndices, seededIndices } from "../../base/mod.ts";
import type { Estimate } from "./lags.ts";

/** Shares of a feature's sources, prompt by prompt. */
export type Inputs = ReadonlyMap<string, ArrayLike<number>>;

/** A kept feature. */
export interface KeptTarget {
  /** layer and role, by which the floor chooses another feature */
  group: string;
  /** inputs at the earlier checkpoint, by the name of the source at the later one; without a match by any other name */
  before: Inputs;
  /** inputs at the later checkpoint */
  after: Inputs;
  /** names of sources that are at both checkpoints */
  kept: ReadonlySet<string>;
}

/** Overlaps of the inputs of kept features. */
export interface Rewiring {
  /** number of kept features */
  features: number;
  overlap: Estimate;
  ceiling: number;
  floor: number;
  /** share of the change that comes from sources that are kept */
  fromKept: Estimate;
}

/** Returns the overlap of two lists of shares; see the header. Two empty lists overlap fully. */
export function overlapOf(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let both = 0, either = 0;
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const x = a.get(name) ?? 0, y = b.get(name) ?? 0;
    if (x * y > 0) both += Math.min(Math.abs(x), Math.abs(y));
    either += Math.max(Math.abs(x), Math.abs(y));
  }
  return either === 0 ? 1 : both / either;
}

/** Returns the mean shares over drawn prompts. */
function meanInputs(inputs: Inputs, drawn: ArrayLike<number>): Map<string, number> {
  const means = new Map<string, number>();
  for (const [name, shares] of inputs) {
    let sum = 0;
    for (let i = 0; i < drawn.length; i++) sum += shares[drawn[i]];
    means.set(name, sum / Math.max(1, drawn.length));
  }
  return means;
}

/** Measures the rewiring of kept features; undefined if there are none. */
export function rewiringOf(
  targets: readonly KeptTarget[],
  prompts: number,
  { resamples, seed }: { resamples: number; seed: number },
): Rewiring | undefined {
  if (targets.length === 0) return undefined;
  const all = Array.from({ length: prompts }, (_, i) => i);
  const observed = once(targets, all);
  const overlaps: number[] = [], fromKept: number[] = [];
  for (const drawn of resampledIndices(prompts, resamples, seededIndices(seed))) {
    const found = once(targets, drawn);
    overlaps.push(found.overlap);
    fromKept.push(found.fromKept);
  }
  const estimate = (mean: number, list: number[]): Estimate => ({
    mean,
    interval: list.length === 0 ? [mean, mean] : percentileInterval(Float64Array.from(list), 0.95),
  });
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const halves = [0, 1].map((h) => all.filter((i) => i % 2 === h));
  const after = targets.map((t) => meanInputs(t.after, all));
  return {
    features: targets.length,
    overlap: estimate(observed.overlap, overlaps),
    ceiling: mean(
      targets.map(({ after }) =>
        overlapOf(meanInputs(after, halves[0]), meanInputs(after, halves[1]))
      ),
    ),
    floor: mean(
      targets.map((target, i) =>
        overlapOf(meanInputs(target.before, all), after[otherThan(targets, i)])
      ),
    ),
    fromKept: estimate(observed.fromKept, fromKept),
  };
}

/** Returns another target: the next of the same group in the list, else the next in the list, else itself. */
function otherThan(targets: readonly KeptTarget[], i: number): number {
  const n = targets.length;
  const next = Array.from({ length: n - 1 }, (_, k) => (i + 1 + k) % n);
  return next.find((j) => targets[j].group === targets[i].group) ?? next[0] ?? i;
}

function once(targets: readonly KeptTarget[], drawn: ArrayLike<number>) {
  let overlap = 0, ofKept = 0, change = 0;
  for (const { before, after, kept } of targets) {
    const a = meanInputs(before, drawn), b = meanInputs(after, drawn);
    overlap += overlapOf(a, b) / targets.length;
    for (const name of new Set([...a.keys(), ...b.keys()])) {
      const by = Math.abs((a.get(name) ?? 0) - (b.get(name) ?? 0));
      change += by;
      if (kept.has(name)) ofKept += by;
    }
  }
  return { overlap, fromKept: change === 0 ? 0 : ofKept / change };
}
