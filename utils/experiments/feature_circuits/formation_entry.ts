/**
 * What the formation of a circuit needs of each checkpoint: how present the features of the final circuit are, what feeds them,
 * and how far their decoder rows are from where they end.
 *
 *     presence of a feature at a role on a prompt = activation · effect / the same summed over the layer's features
 *
 * The activation is summed over the role's positions; the effect on the model's output per unit of activation comes from text
 * and does not depend on the task. So a feature can be present before anything on the task's prompts reads it.
 */
import {
  ABSENT,
  decoderRow,
  edgeShares,
  ERROR,
  type FeatureTask,
  taskValues,
  trackBack,
} from "../../feature_circuits/mod.ts";
import type {
  FeatureCircuitEntry,
  FeatureIdentityEntry,
  FormationEntry,
  FormationHeader,
} from "../../results/mod.ts";
import type { Coder } from "../../transcoders/mod.ts";
import { short } from "./circuits.ts";

/** Features of the last circuit, followed back. */
export type Tracks = FormationHeader["tracks"];

/** Returns the decoder rows of tracks at a checkpoint, `[d]` each; undefined where the feature is not there. */
export function trackRows(
  tracks: Tracks,
  coders: readonly Coder[],
  t: number,
): (Float32Array | undefined)[] {
  return tracks.map(({ layer, numbers }) =>
    numbers[t] === ABSENT ? undefined : decoderRow(coders[layer], numbers[t], layer)
  );
}

/** An edge of the last circuit, by tracks. */
export interface FinalEdge {
  source: number;
  target: number;
}

type Circuit = NonNullable<FeatureCircuitEntry["circuit"]>;

/** Returns the tracks of a circuit's features, and its edges between them. @param identity of each checkpoint, oldest first */
export function finalTracks(
  circuit: Circuit,
  identity: readonly FeatureIdentityEntry[],
): { tracks: Tracks; edges: FinalEdge[] } {
  const place = new Map<number, number>();
  const tracks = circuit.nodes.flatMap(({ layer, role, feature }, i) => {
    if (feature === null) return [];
    place.set(i, place.size);
    const kept = identity.slice(1).map(({ layers }) => layers[layer].kept);
    return [{ layer, role, numbers: trackBack(kept, feature) }];
  });
  const edges = circuit.edges.flatMap(({ source, target }) =>
    target === null ? [] : [{ source: place.get(source)!, target: place.get(target)! }]
  );
  return { tracks, edges };
}

/**
 * Measures presence and inputs at a checkpoint.
 * @param t place of the checkpoint in the tracks
 * @param most number of sources kept per feature, besides those of the final circuit's edges
 * @param lastRows decoder rows of the tracks at the last checkpoint
 */
export async function formationAt(
  task: FeatureTask,
  { tracks, edges }: { tracks: Tracks; edges: readonly FinalEdge[] },
  identity: FeatureIdentityEntry,
  t: number,
  most: number,
  lastRows: readonly (Float32Array | undefined)[],
): Promise<FormationEntry> {
  const values = await taskValues(task);
  const { space, masses } = values, N = task.prompts.length;
  const nodes = tracks.map(({ layer, role, numbers }) =>
    numbers[t] === ABSENT ? undefined : space.index(layer, space.roles.indexOf(role), numbers[t])
  );
  const presence = nodes.map((node) => {
    if (node === undefined) return [];
    const { layer, role } = space.at(node);
    const first = space.index(layer, role, 0), { effects } = identity.layers[layer];
    return Array.from({ length: N }, (_, i) => {
      let sum = 0;
      for (let f = 0; f < effects.length; f++) {
        sum += Math.abs(masses[i * space.size + first + f]) * effects[f];
      }
      const own = Math.abs(masses[i * space.size + node]) * effects[node - first];
      return sum === 0 ? 0 : short(own / sum);
    });
  });
  const shares = await edgeShares(task, values, nodes.filter((node) => node !== undefined));
  const describe = (source: number) => {
    if (source >= space.size) {
      return { layer: -1, role: space.roles[source - space.size], feature: -1 };
    }
    const { layer, role, feature } = space.at(source);
    return { layer, role: space.roles[role], feature: feature === ERROR ? null : feature };
  };
  const inputs = nodes.map((node, track) => {
    const row = [...(node === undefined ? [] : shares.get(node) ?? [])];
    const wanted = new Set(
      edges.filter(({ target }) => target === track)
        .map(({ source }) => nodes[source]),
    );
    const size = (list: Float32Array) => Math.abs(list.reduce((a, b) => a + b, 0));
    return row.sort(([a, x], [b, y]) => size(y) - size(x) || a - b)
      .filter(([source], rank) => rank < most || wanted.has(source))
      .map(([source, list]) => ({ ...describe(source), shares: Array.from(list, short) }));
  });
  const lastCosines = trackRows(tracks, task.coders, t).map((row, track) => {
    const last = lastRows[track];
    return row && last ? short(cosine(row, last)) : null;
  });
  return { presence, inputs, last_cosines: lastCosines };
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa * bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
