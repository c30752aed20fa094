/**
 * Does an edge appear with its features, or after them?
 *
 *     lag = appearance of the edge − the later appearance of its two features
 *
 *  1. Appearances from means over all prompts (`appearance.ts`), in checkpoints and in training steps.
 *  2. Intervals: the same from resampled prompts, 95 %.
 *  3. Null: the three series of every edge are shifted circularly over the checkpoints, each by an offset of its own. This keeps
 *     their shapes and destroys their order. p is the share of shifted circuits whose mean lag is at least as far from the
 *     null's mean as the observed one.
 */
import { percentileInterval, resampledIndices, seededIndices } from "../../base/mod.ts";
import { appearance, meansOf, type PromptSeries } from "./appearance.ts";

/** An edge between two features over training. */
export interface EdgeSeries {
  /** index of the source among the features */
  source: number;
  /** index of the target among the features */
  target: number;
  /** how much of the target's input it is, `[checkpoints][prompts]` */
  series: PromptSeries;
}

/** Options of {@link edgeLags}. */
export interface LagOptions {
  /** resamples of prompts, and circular shifts */
  resamples: number;
  /** random seed */
  seed: number;
  /** level of an appearance; default 0.5 */
  level?: number;
}

/** Lag of one edge. */
export interface EdgeLag {
  /** place of the source's appearance in the list of checkpoints */
  source: number;
  /** the target's */
  target: number;
  /** the edge's */
  edge: number;
  /** in checkpoints */
  lag: number;
  /** 95 % over prompts, in checkpoints */
  interval: [number, number];
}

/** A mean with its 95 % interval. */
export interface Estimate {
  /** from all prompts */
  mean: number;
  /** 95 % over resampled prompts */
  interval: [number, number];
}

/** Lags of a circuit's edges. */
export interface CircuitLags {
  /** by edge; null for one that, or a feature of which, never appears */
  edges: (EdgeLag | null)[];
  /** number of edges with a lag */
  count: number;
  /** mean lag in checkpoints */
  checkpoints: Estimate;
  /** mean lag in training steps */
  steps: Estimate;
  /** share of the edges that appear after both features */
  last: Estimate;
  /** share that appear with the later feature */
  together: Estimate;
  /** mean lag in checkpoints under circular shifts, and the share of shifts at least as far out */
  null: { mean: number; interval: [number, number]; p: number };
}

interface Places {
  source: number;
  target: number;
  edge: number;
}

/**
 * Measures the lags; see the header. Undefined if no edge has a lag.
 * @param steps training step of each checkpoint
 * @param features presence of each feature, `[checkpoints][prompts]`
 */
export function edgeLags(
  steps: readonly number[],
  features: readonly PromptSeries[],
  edges: readonly EdgeSeries[],
  { resamples, seed, level }: LagOptions,
): CircuitLags | undefined {
  const prompts = features[0]?.[0]?.length ?? 0;
  const placesOf = (drawn?: ArrayLike<number>): (Places | undefined)[] => {
    const at = features.map((series) => appearance(meansOf(series, drawn), level));
    return edges.map(({ source, target, series }) =>
      joined(at[source], at[target], appearance(meansOf(series, drawn), level))
    );
  };
  const observed = placesOf();
  const found = summary(steps, observed);
  if (!found) return undefined;
  const draw = seededIndices(seed);
  const lags: number[][] = edges.map(() => []);
  const drawn: LagSummary[] = [];
  for (const indices of resampledIndices(prompts, resamples, draw)) {
    const places = placesOf(indices);
    places.forEach((p, e) => p && lags[e].push(lagOf(p)));
    const of = summary(steps, places);
    if (of) drawn.push(of);
  }
  const estimate = (key: keyof LagSummary): Estimate => ({
    mean: found[key],
    interval: drawn.length === 0
      ? [found[key], found[key]]
      : percentileInterval(Float64Array.from(drawn, (d) => d[key]), 0.95),
  });
  return {
    edges: observed.map((p, e) =>
      p
        ? {
          ...p,
          lag: lagOf(p),
          interval: lags[e].length === 0
            ? [lagOf(p), lagOf(p)]
            : percentileInterval(Float64Array.from(lags[e]), 0.95),
        }
        : null
    ),
    count: observed.filter(Boolean).length,
    checkpoints: estimate("checkpoints"),
    steps: estimate("steps"),
    last: estimate("last"),
    together: estimate("together"),
    null: shiftNull(features, edges, found.checkpoints, { resamples, seed, level }),
  };
}

const lagOf = ({ source, target, edge }: Places) => edge - Math.max(source, target);

function joined(source?: number, target?: number, edge?: number): Places | undefined {
  return source === undefined || target === undefined || edge === undefined
    ? undefined
    : { source, target, edge };
}

interface LagSummary {
  checkpoints: number;
  steps: number;
  last: number;
  together: number;
}

function summary(
  steps: readonly number[],
  all: readonly (Places | undefined)[],
): LagSummary | undefined {
  const places = all.filter((p) => p !== undefined);
  if (places.length === 0) return undefined;
  const mean = (of: (p: Places) => number) =>
    places.reduce((sum, p) => sum + of(p), 0) / places.length;
  return {
    checkpoints: mean(lagOf),
    steps: mean((p) => steps[p.edge] - steps[Math.max(p.source, p.target)]),
    last: mean((p) => Number(lagOf(p) > 0)),
    together: mean((p) => Number(lagOf(p) === 0)),
  };
}

function shiftNull(
  features: readonly PromptSeries[],
  edges: readonly EdgeSeries[],
  observed: number,
  { resamples, seed, level }: LagOptions,
): CircuitLags["null"] {
  const draw = seededIndices(seed + 1);
  const ofFeatures = features.map((series) => meansOf(series));
  const ofEdges = edges.map(({ series }) => meansOf(series));
  const T = ofEdges[0].length;
  const shifted = (series: Float64Array) => {
    const by = draw(T);
    return series.map((_, t) => series[(t + by) % T]);
  };
  const means: number[] = [];
  for (let b = 0; b < resamples; b++) {
    const lags = edges.flatMap(({ source, target }, e) => {
      const at = [ofFeatures[source], ofFeatures[target], ofEdges[e]]
        .map((series) => appearance(shifted(series), level));
      const places = joined(at[0], at[1], at[2]);
      return places ? [lagOf(places)] : [];
    });
    if (lags.length > 0) means.push(lags.reduce((a, c) => a + c, 0) / lags.length);
  }
  if (means.length === 0) return { mean: observed, interval: [observed, observed], p: 1 };
  const center = means.reduce((a, c) => a + c, 0) / means.length;
  const far = means.filter((m) => Math.abs(m - center) >= Math.abs(observed - center) - 1e-12);
  return {
    mean: center,
    interval: percentileInterval(Float64Array.from(means), 0.95),
    p: (far.length + 1) / (means.length + 1),
  };
}
