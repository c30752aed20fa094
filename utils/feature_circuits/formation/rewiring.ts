/**
 * Is a feature that stays fed by the same inputs? For a feature that is kept from one checkpoint to the next, with the shares
 * of its sources at both:
 *
 *     overlap = Σ_s min(|a_s|, |b_s|)·[same sign] / Σ_s max(|a_s|, |b_s|)
 *
 * over sources that count as the same when they are kept too. 1 means the same inputs in the same amounts. a comes from one half
 * of the prompts and b from the other, so that noise lowers all three numbers below by the same amount.
 *
 *  - `ceiling`: the overlap of both halves at the later checkpoint, which is what an unchanged feature would have.
 *  - `floor`: the overlap with the later inputs of another kept feature of the same layer and role, or of any other if the role
 *    has no other.
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
  /** layer and role; the floor takes another feature of the same group */
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
  /** mean overlap of a feature's inputs at the two checkpoints */
  overlap: Estimate;
  /** mean overlap at the later checkpoint with itself */
  ceiling: number;
  /** mean overlap with another feature */
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

/** Prompts of the two halves. */
type Halves = readonly [ArrayLike<number>, ArrayLike<number>];

/** Measures the rewiring of kept features; undefined if there are none. @param prompts number of prompts, at least 2 */
export function rewiringOf(
  targets: readonly KeptTarget[],
  prompts: number,
  { resamples, seed }: { resamples: number; seed: number },
): Rewiring | undefined {
  if (targets.length === 0) return undefined;
  const half = (h: number) =>
    Array.from({ length: Math.ceil((prompts - h) / 2) }, (_, i) => 2 * i + h);
  const halves = [half(0), half(1)] as const;
  const observed = once(targets, halves);
  const draws = halves.map((list, h) => {
    const indices = resampledIndices(list.length, resamples, seededIndices(seed + h));
    return [...indices].map((drawn) => Array.from(drawn, (i) => list[i]));
  });
  const drawn = Array.from(
    { length: resamples },
    (_, b) => once(targets, [draws[0][b], draws[1][b]]),
  );
  const estimate = (key: keyof typeof observed): Estimate => ({
    mean: observed[key],
    interval: resamples === 0
      ? [observed[key], observed[key]]
      : percentileInterval(Float64Array.from(drawn, (found) => found[key]), 0.95),
  });
  const mean = (of: (target: KeptTarget, i: number) => number) =>
    targets.reduce((sum, target, i) => sum + of(target, i), 0) / targets.length;
  return {
    features: targets.length,
    overlap: estimate("overlap"),
    ceiling: mean(({ after }) => crossed(after, after, halves)),
    floor: mean(({ before }, i) => crossed(before, targets[otherThan(targets, i)].after, halves)),
    fromKept: estimate("fromKept"),
  };
}

/** Returns the overlap of two lists, each from one half of the prompts; the mean of both ways. */
function crossed(a: Inputs, b: Inputs, [one, two]: Halves): number {
  return (overlapOf(meanInputs(a, one), meanInputs(b, two)) +
    overlapOf(meanInputs(a, two), meanInputs(b, one))) / 2;
}

/** Returns another target: the next of the same group in the list, else the next in the list, else itself. */
function otherThan(targets: readonly KeptTarget[], i: number): number {
  const n = targets.length;
  const next = Array.from({ length: n - 1 }, (_, k) => (i + 1 + k) % n);
  return next.find((j) => targets[j].group === targets[i].group) ?? next[0] ?? i;
}

function once(targets: readonly KeptTarget[], halves: Halves) {
  let overlap = 0, ofKept = 0, change = 0;
  const all = [...Array.from(halves[0]), ...Array.from(halves[1])];
  for (const { before, after, kept } of targets) {
    overlap += crossed(before, after, halves) / targets.length;
    const a = meanInputs(before, all), b = meanInputs(after, all);
    for (const name of new Set([...a.keys(), ...b.keys()])) {
      const by = Math.abs((a.get(name) ?? 0) - (b.get(name) ?? 0));
      change += by;
      if (kept.has(name)) ofKept += by;
    }
  }
  return { overlap, fromKept: change === 0 ? 0 : ofKept / change };
}
