/** Adds to a run what the formation file knows of the last circuit's features and edges. */
import type { featureFormations, StoredOf } from "../../utils/results/mod.ts";
import { estimates, short } from "./estimates.ts";
import type { Estimate, FeatureRun, RunTransition, SlotInput } from "./page_data.ts";
import type { Slots } from "./slots.ts";

type Formation = StoredOf<typeof featureFormations>;

/** Adds presence, inputs, edges and transitions to the run; see the header. */
export function addFormation(run: FeatureRun, slots: Slots, formation: Formation): void {
  const { tracks, answers, steps } = formation.header;
  const last = run.checkpoints.findIndex(({ step }) => step === steps.at(-1));
  const places = tracks.map(({ layer, role, numbers }) =>
    last < 0 ? -1 : slots.find(last, layer, role, numbers.at(-1)!)
  );
  run.checkpoints.forEach(({ step }, t) => addCheckpoint(run, slots, formation, places, step, t));
  for (const edge of answers?.edges ?? []) {
    const source = places[edge.source], target = places[edge.target];
    if (source < 0 || target < 0) continue;
    const { lag } = edge;
    run.formed.push({
      source,
      target,
      series: edge.series.map(short),
      appear: edge.appear,
      lag: lag && [lag.mean, ...lag.interval],
    });
  }
  for (const { to, rewiring, growth } of answers?.transitions ?? []) {
    const t = run.checkpoints.findIndex(({ step }) => step === to);
    if (t >= 0) run.transitions[t] = transition(rewiring, growth);
  }
}

type Transition = NonNullable<Formation["header"]["answers"]>["transitions"][number];

function transition(rewiring: Transition["rewiring"], growth: Transition["growth"]): RunTransition {
  const of = (found: { mean: number; interval: [number, number] } | null | undefined) =>
    found ? [found.mean, ...found.interval] as Estimate : null;
  return {
    overlap: of(rewiring?.overlap),
    ceiling: rewiring?.ceiling ?? null,
    floor: rewiring?.floor ?? null,
    refinement: of(growth?.refinement),
    chance: growth?.null_refinement?.mean ?? null,
  };
}

function addCheckpoint(
  run: FeatureRun,
  slots: Slots,
  { entries, header }: Formation,
  places: readonly number[],
  step: number,
  t: number,
): void {
  const entry = entries.get(step);
  if (!entry) return;
  const known = entry.presence.flatMap((values, track) => values.length > 0 ? [track] : []);
  const presence = estimates(known.map((track) => entry.presence[track]));
  const all = entry.inputs.flatMap((list, track) => list.map((input) => ({ track, input })));
  const shares = estimates(all.map(({ input }) => input.shares));
  header.tracks.forEach((_, track) => {
    if (places[track] < 0) return;
    const slot = run.slots[places[track]];
    slot.presence ??= run.checkpoints.map(() => null);
    slot.inputs ??= run.checkpoints.map(() => []);
    const at = known.indexOf(track);
    slot.presence[t] = at < 0 ? null : presence[at];
    const cosine = entry.last_cosines?.[track] ?? null;
    if (entry.last_cosines) slot.lastCosines ??= run.checkpoints.map(() => null);
    if (slot.lastCosines) slot.lastCosines[t] = cosine === null ? null : short(cosine);
  });
  all.forEach(({ track, input: { layer, role, feature } }, i) => {
    if (places[track] < 0) return;
    const slot = layer < 0 ? -1 : slots.find(t, layer, role, feature);
    const source = slot >= 0
      ? slot
      : [layer, run.roles.indexOf(role), feature] as [number, number, number | null];
    const input: SlotInput = [source, ...shares[i]];
    run.slots[places[track]].inputs![t].push(input);
  });
}
