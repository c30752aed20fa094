/**
 * Makes the data of a run:
 *
 *  1. Follow features from match to match (`chains.ts`). Each (layer, role, chain) that is in the circuit of a checkpoint is a
 *     slot, as is each (layer, role) with an error.
 *  2. Write the circuits of all checkpoints by slot. An edge has an age: the checkpoints since which every circuit lists it.
 *  3. Add presence and inputs of the last circuit's features, where there is a formation file.
 *
 * Intervals are percentile bootstraps over prompts (95 %, 200 resamples), as the experiment's own.
 */
import type {
  FeatureCircuitEntry,
  featureCircuits,
  featureFormations,
  featureIdentities,
  FeatureIdentityEntry,
  StoredOf,
  transcoderEvaluations,
} from "../../utils/results/mod.ts";
import { estimates, short } from "./estimates.ts";
import { addFormation } from "./formation.ts";
import type { FeatureRun, RunCheckpoint, RunCircuit, Turnover } from "./page_data.ts";
import { Slots } from "./slots.ts";

/** The files of a run. */
export interface RunFiles {
  circuits: StoredOf<typeof featureCircuits>;
  identity: StoredOf<typeof featureIdentities>;
  formation?: StoredOf<typeof featureFormations>;
  /** of any coders */
  evaluations?: readonly StoredOf<typeof transcoderEvaluations>[];
}

type Circuit = NonNullable<FeatureCircuitEntry["circuit"]>;

/** Makes the data; see the header. */
export function buildRun(
  { circuits, identity, formation, evaluations = [] }: RunFiles,
): FeatureRun {
  const { header, steps } = circuits;
  const turnovers = steps.map((step) => identity.entries.get(step));
  const slots = new Slots(turnovers, header.roles);
  const checkpoints = steps.map((step, t): RunCheckpoint => {
    const { metric, interval, accuracy, circuit, coders_digest } = circuits.entries.get(step)!;
    return {
      step,
      coders: coders_digest,
      metric: [metric, ...interval],
      accuracy,
      circuit: circuit && circuitOf(circuit, slots, t),
      turnover: turnoverOf(turnovers[t]),
      fvu: fvuOf(evaluations, header.model, step, coders_digest),
    };
  });
  addAges(checkpoints);
  const settings = settingsOf(header);
  const run: FeatureRun = {
    model: header.model,
    task: header.task,
    set: header.set,
    metric: header.metric,
    prompts: header.n_prompts,
    layers: Math.max(0, ...turnovers.map((entry) => entry?.layers.length ?? 0)),
    roles: header.roles,
    threshold: settings("threshold"),
    smallestShare: settings("edge_share"),
    mostEdges: settings("max_edges"),
    checkpoints,
    slots: slots.list,
    formed: [],
    transitions: steps.map(() => null),
  };
  if (formation) addFormation(run, slots, formation);
  return run;
}

/** Returns a function from a setting's name to its number; a result file holds the settings of its run. */
function settingsOf(header: object): (name: string) => number | null {
  const { config } = header as { config?: Record<string, unknown> };
  return (name) => {
    const value = config?.[name];
    return typeof value === "number" ? value : null;
  };
}

function circuitOf(circuit: Circuit, slots: Slots, t: number): RunCircuit {
  const { nodes, edges, random, reached, faithfulness, normalized, stability } = circuit;
  const places = nodes.map(({ layer, role, feature }) => slots.take(t, layer, role, feature));
  const shares = estimates(edges.map(({ shares }) => shares));
  const control = random.filter(({ size }) => size <= nodes.length).at(-1);
  return {
    reached,
    faithfulness,
    normalized,
    random: control ?? null,
    stability: stability ?? null,
    nodes: nodes.map(({ effect, interval }, i) => ({
      slot: places[i],
      effect: [effect, ...interval],
    })),
    edges: edges.map(({ source, target, direct, heads }, e) => ({
      source: places[source],
      target: target === null ? -1 : places[target],
      share: shares[e],
      since: t,
      split: direct === undefined || !heads
        ? null
        : { direct: short(direct), heads: heads.map(short) },
    })),
  };
}

function addAges(checkpoints: readonly RunCheckpoint[]): void {
  let before = new Map<string, number>();
  for (const { circuit } of checkpoints) {
    const now = new Map<string, number>();
    for (const edge of circuit?.edges ?? []) {
      const name = `${edge.source}>${edge.target}`;
      edge.since = before.get(name) ?? edge.since;
      now.set(name, edge.since);
    }
    before = now;
  }
}

function turnoverOf(entry: FeatureIdentityEntry | undefined): Turnover {
  const layers = entry?.layers ?? [];
  const count = (of: (layer: (typeof layers)[number]) => unknown[]) =>
    layers.reduce((sum, layer) => sum + of(layer).length, 0);
  const kept = count((layer) => layer.kept), born = count((layer) => layer.born);
  const first = !entry || entry.previous === null;
  const names = Object.keys(layers[0]?.reproduced ?? {});
  return {
    alive: kept + born,
    kept: first ? null : kept,
    born: first ? null : born,
    dead: first ? null : count((layer) => layer.dead),
    reproduced: Object.fromEntries(
      names.map((name) => [
        name,
        layers.reduce((sum, layer) => sum + layer.reproduced[name], 0) / layers.length,
      ]),
    ),
  };
}

/** Returns the coders' unexplained variance from an evaluation of the same coders. */
function fvuOf(
  evaluations: readonly StoredOf<typeof transcoderEvaluations>[],
  model: string,
  step: number,
  digest: string,
): number | null {
  for (const { header, entries } of evaluations) {
    const entry = entries.get(step);
    if (header.model !== model || entry?.coders_digest !== digest) continue;
    const { places } = entry.coders;
    return places.reduce((sum, { fvu }) => sum + fvu, 0) / places.length;
  }
  return null;
}
