/**
 * Does a circuit grow by new edges between features it could already use, or by new features? Each edge of the later of two
 * circuits is one of
 *
 *     kept         both features are kept and the edge was in the earlier circuit
 *     rewired      both features were in the earlier circuit, the edge was not
 *     recruited    both features are kept, and at least one of them was outside the earlier circuit
 *     new feature  at least one of the features is not kept
 *
 * in counts of edges. New edges between kept features are `rewired` and `recruited`; their share of all new edges is `refinement`.
 *
 * An edge counts where the size of its mean share over the drawn prompts reaches a smallest share. Intervals are over resampled
 * prompts. Null: as many features of each layer are kept, chosen at random.
 */
import {
  percentileInterval,
  PythonRandom,
  resampledIndices,
  seededIndices,
} from "../../base/mod.ts";
import type { Estimate } from "./lags.ts";

/** A feature by layer and number, and its role on the prompts. */
export interface PlacedFeature {
  /** layer, counted from 0 */
  layer: number;
  /** role of its positions */
  role: string;
  /** number in the layer */
  feature: number;
}

/** An edge of a circuit; no target for the output. */
export interface CircuitEdgeShares {
  /** what it comes from */
  source: PlacedFeature;
  /** what it goes to */
  target: PlacedFeature | null;
  /** share of the target's input on each prompt */
  shares: ArrayLike<number>;
}

/** The circuit of one checkpoint. */
export interface CircuitAt {
  /** its features */
  nodes: readonly PlacedFeature[];
  /** its edges */
  edges: readonly CircuitEdgeShares[];
}

/** Features of one layer at the later checkpoint that fire on the text, and those that are kept. */
export interface LayerIdentity {
  /** old and new number */
  kept: readonly (readonly [old: number, now: number, similarity: number])[];
  /** those without a match */
  born: readonly number[];
}

/** The classes of edges. */
export const EDGE_CLASSES = ["kept", "rewired", "recruited", "new_feature"] as const;

/** Growth from one circuit to the next. */
export interface Growth {
  /** edges of each class, from all prompts */
  counts: Record<typeof EDGE_CLASSES[number], number>;
  /** share of new edges that are between kept features; undefined if there are no new edges */
  refinement?: Estimate;
  /** the same if the kept features were chosen at random */
  nullRefinement?: { mean: number; interval: [number, number] };
}

const name = ({ layer, role, feature }: PlacedFeature) => `${layer}/${role}/${feature}`;

/** Classifies the edges of the later circuit; see the header. @param layers identity between the two, by layer */
export function growthOf(
  before: CircuitAt,
  after: CircuitAt,
  layers: readonly LayerIdentity[],
  { smallest, resamples, seed }: { smallest: number; resamples: number; seed: number },
): Growth {
  const prompts = after.edges[0]?.shares.length ?? before.edges[0]?.shares.length ?? 0;
  const all = Array.from({ length: prompts }, (_, i) => i);
  const maps = layers.map(({ kept }) => new Map(kept.map(([old, now]) => [now, old])));
  const counts = classified(before, after, maps, smallest, all);
  const drawn: number[] = [], nulls: number[] = [];
  for (const indices of resampledIndices(prompts, resamples, seededIndices(seed))) {
    const share = refinementOf(classified(before, after, maps, smallest, indices));
    if (share !== undefined) drawn.push(share);
  }
  const random = new PythonRandom(seed);
  for (let b = 0; b < resamples; b++) {
    const shuffled = layers.map(({ kept, born }) => {
      const now = random.shuffle([...kept.map((pair) => pair[1]), ...born]);
      return new Map(kept.map(([old], i) => [now[i], old]));
    });
    const share = refinementOf(classified(before, after, shuffled, smallest, all));
    if (share !== undefined) nulls.push(share);
  }
  const mean = refinementOf(counts);
  if (mean === undefined) return { counts };
  return {
    counts,
    refinement: { mean, interval: intervalOf(drawn) ?? [mean, mean] },
    ...(nulls.length > 0 && {
      nullRefinement: {
        mean: nulls.reduce((a, c) => a + c, 0) / nulls.length,
        interval: intervalOf(nulls)!,
      },
    }),
  };
}

const intervalOf = (values: number[]) =>
  values.length === 0 ? undefined : percentileInterval(Float64Array.from(values), 0.95);

function refinementOf({ rewired, recruited, new_feature }: Growth["counts"]): number | undefined {
  const fresh = rewired + recruited + new_feature;
  return fresh === 0 ? undefined : (rewired + recruited) / fresh;
}

function present({ shares }: CircuitEdgeShares, drawn: ArrayLike<number>, smallest: number) {
  let sum = 0;
  for (let i = 0; i < drawn.length; i++) sum += shares[drawn[i]];
  return Math.abs(sum / Math.max(1, drawn.length)) >= smallest;
}

function classified(
  before: CircuitAt,
  after: CircuitAt,
  maps: readonly ReadonlyMap<number, number>[],
  smallest: number,
  drawn: ArrayLike<number>,
): Growth["counts"] {
  const counts = { kept: 0, rewired: 0, recruited: 0, new_feature: 0 };
  const nodes = new Set(before.nodes.map(name));
  const pair = (s: string, t: string | null) => `${s} ${t}`;
  const edges = new Set(
    before.edges.filter((edge) => present(edge, drawn, smallest))
      .map(({ source, target }) => pair(name(source), target && name(target))),
  );
  const old = (now: PlacedFeature) => {
    const feature = maps[now.layer].get(now.feature);
    return feature === undefined ? undefined : name({ ...now, feature });
  };
  for (const edge of after.edges) {
    if (!present(edge, drawn, smallest)) continue;
    const source = old(edge.source), target = edge.target && old(edge.target);
    if (source === undefined || target === undefined) counts.new_feature++;
    else if (edges.has(pair(source, target))) counts.kept++;
    else if (nodes.has(source) && (target === null || nodes.has(target))) counts.rewired++;
    else counts.recruited++;
  }
  return counts;
}
