/**
 * Means over prompts with 95 % bootstrap intervals. Correlations are averaged; sufficiency and necessity are ratios of means
 * over the prompts, because a single prompt's denominator may be near zero, and their intervals resample prompts. A ratio whose
 * denominator may have either sign (its own interval has 0) says nothing, and is left out.
 */
import {
  bootstrapMeanIntervals,
  mean,
  percentileInterval,
  resampledIndices,
  seededIndices,
} from "../../base/mod.ts";
import { MASK_KINDS, type MaskKind } from "./circuit_masks.ts";
import type { AblationRanks, MaskedCircuit, PromptJudgement } from "./judge.ts";

/** A mean, or a ratio of means, with its interval. */
export interface MeanEstimate {
  /** mean, or ratio of means */
  value: number;
  /** 95 % */
  interval: [number, number];
}

/** Correlations of all prompts; null where no prompt has one. */
export type RankSummary = Record<keyof AblationRanks, MeanEstimate | null>;

/** Sufficiency and necessity under one kind of mask; null where masking all features may raise or lower the mean metric. */
export interface MaskSummary extends MaskKind {
  /** of the pruned graph; see `circuit_masks.ts` */
  sufficiency: MeanEstimate | null;
  /** of the pruned graph */
  necessity: MeanEstimate | null;
  /** of matched random features */
  random_sufficiency: MeanEstimate | null;
  /** of matched random features */
  random_necessity: MeanEstimate | null;
}

/** What all prompts say. */
export interface JudgementSummary {
  /** number of prompts */
  prompts: number;
  /** metric of the clean runs */
  metric: MeanEstimate;
  /** active features */
  features: MeanEstimate;
  /** features in the pruned graph */
  circuit: MeanEstimate;
  /** replacement score of the whole graph */
  replacement: MeanEstimate;
  /** completeness score of the whole graph */
  completeness: MeanEstimate;
  /** correlations with attention patterns as in the clean run */
  frozen_attention: RankSummary;
  /** correlations with nothing frozen */
  free: RankSummary;
  /** by kind of mask, in the order of {@link MASK_KINDS} */
  masks: MaskSummary[];
}

const RESAMPLES = 1000;

function estimate(values: readonly number[]): MeanEstimate {
  return { value: mean(values), interval: bootstrapMeanIntervals([values])[0] };
}

function rankSummary(ranks: readonly AblationRanks[]): RankSummary {
  const of = (key: keyof AblationRanks) => {
    const values = ranks.map((r) => r[key]).filter((x) => x !== null);
    return values.length === 0 ? null : estimate(values);
  };
  return {
    influence: of("influence"),
    total: of("total"),
    direct: of("direct"),
    signed: of("signed"),
    strongest: of("strongest"),
    norm: of("norm"),
  };
}

/** Returns Σ numerator / Σ denominator; null if the denominator's interval has 0, or a resample's denominator is 0. */
function ratio(numerator: readonly number[], denominator: readonly number[]): MeanEstimate | null {
  const n = numerator.length;
  const [low, high] = bootstrapMeanIntervals([denominator])[0];
  if (low <= 0 && high >= 0) return null;
  const of = (indices: ArrayLike<number>) => {
    let above = 0, below = 0;
    for (let i = 0; i < n; i++) {
      above += numerator[indices[i]];
      below += denominator[indices[i]];
    }
    return above / below;
  };
  const value = of(Array.from({ length: n }, (_, i) => i));
  const resampled = Float64Array.from(resampledIndices(n, RESAMPLES, seededIndices(0)), of);
  if (!Number.isFinite(value) || !resampled.every(Number.isFinite)) return null;
  return { value, interval: percentileInterval(resampled, 0.95) };
}

function maskSummary(kind: MaskKind, masks: readonly MaskedCircuit[]): MaskSummary {
  const whole = masks.map(({ full, none }) => full - none);
  const above = (of: (mask: MaskedCircuit) => number) => ratio(masks.map(of), whole);
  return {
    ...kind,
    sufficiency: above(({ only, none }) => only - none),
    necessity: above(({ full, without }) => full - without),
    random_sufficiency: above(({ random_only, none }) => random_only - none),
    random_necessity: above(({ full, random_without }) => full - random_without),
  };
}

/** Summarises the judgements of prompts; see the header. @throws Error if there are none. */
export function summariseJudgements(prompts: readonly PromptJudgement[]): JudgementSummary {
  const of = (key: "metric" | "features" | "circuit" | "replacement" | "completeness") =>
    estimate(prompts.map((p) => p[key]));
  return {
    prompts: prompts.length,
    metric: of("metric"),
    features: of("features"),
    circuit: of("circuit"),
    replacement: of("replacement"),
    completeness: of("completeness"),
    frozen_attention: rankSummary(prompts.map((p) => p.frozen_attention)),
    free: rankSummary(prompts.map((p) => p.free)),
    masks: MASK_KINDS.map((kind, i) => maskSummary(kind, prompts.map(({ masks }) => masks[i]))),
  };
}
