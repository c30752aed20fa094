/**
 * What the checkpoints of a set say together about a task's circuit: lags of its edges, rewiring of its features, growth of the
 * checkpoints' own circuits.
 */
import {
  ABSENT,
  type CircuitAt,
  edgeLags,
  type EdgeSeries,
  growthOf,
  type Inputs,
  type KeptTarget,
  meansOf,
  type PlacedFeature,
  type PromptSeries,
  rewiringOf,
} from "../../feature_circuits/mod.ts";
import type {
  FeatureCircuitEntry,
  FeatureIdentityEntry,
  FormationAnswers,
  FormationEntry,
} from "../../results/mod.ts";
import type { FinalEdge, Tracks } from "./formation_entry.ts";
import type { FeatureCircuitConfig } from "./settings.ts";

/** Everything that the answers follow from; lists by checkpoint, oldest first. */
export interface FormationRun {
  steps: readonly number[];
  tracks: Tracks;
  edges: readonly FinalEdge[];
  identity: readonly FeatureIdentityEntry[];
  circuits: readonly FeatureCircuitEntry[];
  prompts: number;
}

type Input = FormationEntry["inputs"][number][number];

/** Answers the questions; see the header. */
export function formationAnswers(
  run: FormationRun,
  entries: readonly FormationEntry[],
  config: Pick<FeatureCircuitConfig, "bootstrap" | "seed" | "edge_share">,
): FormationAnswers {
  const { steps, tracks, edges, prompts } = run;
  const options = { resamples: config.bootstrap, seed: config.seed };
  const features = tracks.map((_, i): PromptSeries =>
    entries.map(({ presence }) => presence[i].length === 0 ? silence(prompts) : presence[i])
  );
  const series = edges.map(({ source, target }): EdgeSeries => ({
    source,
    target,
    series: edgeSeries(run, entries, source, target),
  }));
  const lags = edges.length === 0 ? undefined : edgeLags(steps, features, series, options);
  return {
    lags: lags
      ? {
        count: lags.count,
        checkpoints: lags.checkpoints,
        steps: lags.steps,
        last: lags.last,
        together: lags.together,
        at_track_start: atTrackStart(run, lags.edges),
        null: lags.null,
      }
      : null,
    edges: edges.map(({ source, target }, e) => {
      const lag = lags?.edges[e];
      return {
        source,
        target,
        series: [...meansOf(series[e].series)],
        appear: lag ? [steps[lag.source], steps[lag.target], steps[lag.edge]] : null,
        lag: lag ? { mean: lag.lag, interval: lag.interval } : null,
      };
    }),
    transitions: steps.slice(1).map((to, t) => transitionAt(run, entries, t, to, config)),
  };
}

/**
 * Returns the share of edges that appear where one of their features' tracks begins, the first checkpoint aside. Such an edge may
 * have been there before, between features that the matching did not find again.
 */
function atTrackStart(
  { tracks, edges }: FormationRun,
  lags: readonly ({ edge: number } | null)[],
): number {
  const start = (track: number) => tracks[track].numbers.findIndex((n) => n !== ABSENT);
  const there = lags.flatMap((lag, e) => lag ? [{ at: lag.edge, ...edges[e] }] : []);
  const cut = there.filter(({ at, source, target }) =>
    at > 0 && (start(source) === at || start(target) === at)
  );
  return cut.length / there.length;
}

const silence = (prompts: number) => new Array<number>(prompts).fill(0);

/** Returns an edge's shares over checkpoints, positive in the sign that it has at the last one. */
function edgeSeries(
  { tracks, steps, prompts }: FormationRun,
  entries: readonly FormationEntry[],
  source: number,
  target: number,
): PromptSeries {
  const { layer, role, numbers } = tracks[source];
  const found = steps.map((_, t) =>
    entries[t].inputs[target].find((input) =>
      input.layer === layer && input.role === role && input.feature === numbers[t]
    )?.shares ?? silence(prompts)
  );
  const last = found.at(-1)!.reduce((a, b) => a + b, 0);
  return last < 0 ? found.map((shares) => shares.map((x) => -x)) : found;
}

function transitionAt(
  run: FormationRun,
  entries: readonly FormationEntry[],
  t: number,
  to: number,
  { bootstrap: resamples, seed, edge_share: smallest }: Pick<
    FeatureCircuitConfig,
    "bootstrap" | "seed" | "edge_share"
  >,
): FormationAnswers["transitions"][number] {
  const { layers } = run.identity[t + 1];
  const [before, after] = [run.circuits[t].circuit, run.circuits[t + 1].circuit];
  const rewiring = rewiringOf(keptTargets(run, entries, t), run.prompts, { resamples, seed });
  const growth = before && after
    ? growthOf(placed(before), placed(after), layers, { smallest, resamples, seed })
    : undefined;
  return {
    from: run.steps[t],
    to,
    rewiring: rewiring
      ? {
        features: rewiring.features,
        overlap: rewiring.overlap,
        ceiling: rewiring.ceiling,
        floor: rewiring.floor,
        from_kept: rewiring.fromKept,
      }
      : null,
    growth: growth
      ? {
        ...growth.counts,
        refinement: growth.refinement ?? null,
        null_refinement: growth.nullRefinement ?? null,
      }
      : null,
  };
}

/** Returns the features of the final circuit that are at both of two neighbouring checkpoints, with their inputs. */
function keptTargets(
  { tracks, identity }: FormationRun,
  entries: readonly FormationEntry[],
  t: number,
): KeptTarget[] {
  const { layers } = identity[t + 1];
  const now = layers.map(({ kept }) => new Map(kept.map(([old, at]) => [old, at])));
  const old = layers.map(({ kept }) => new Set(kept.map(([, at]) => at)));
  const isFeature = ({ layer, feature }: Input) => layer >= 0 && feature !== null;
  const name = ({ layer, role, feature }: Input, number: number | null = feature) =>
    `${layer}/${role}/${number}`;
  return tracks.flatMap(({ layer, role, numbers }, track) => {
    if (numbers[t] === ABSENT || numbers[t + 1] === ABSENT) return [];
    const [earlier, later] = [entries[t].inputs[track], entries[t + 1].inputs[track]];
    const kept = new Set<string>();
    const before: Inputs = new Map(earlier.map((input) => {
      const number = isFeature(input) ? now[input.layer].get(input.feature!) : input.feature;
      if (number === undefined) return [`lost ${name(input)}`, input.shares];
      kept.add(name(input, number));
      return [name(input, number), input.shares];
    }));
    const after: Inputs = new Map(later.map((input) => {
      if (!isFeature(input) || old[input.layer].has(input.feature!)) kept.add(name(input));
      return [name(input), input.shares];
    }));
    return [{ group: `${layer}/${role}`, before, after, kept }];
  });
}

/** Returns a stored circuit's features and the edges between them. */
function placed({ nodes, edges }: NonNullable<FeatureCircuitEntry["circuit"]>): CircuitAt {
  const of = (i: number) => nodes[i] as PlacedFeature;
  return {
    nodes: nodes.filter(({ feature }) => feature !== null) as PlacedFeature[],
    edges: edges.map(({ source, target, shares }) => ({
      source: of(source),
      target: target === null ? null : of(target),
      shares,
    })),
  };
}
