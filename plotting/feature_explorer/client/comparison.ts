/**
 * Compares two circuits. Features of one run are compared one by one, through their slots. Features of different runs have no
 * match, so their circuits are compared by cell: a cell is a layer and a role.
 */
import type { RunIndex, ShownEdge } from "./run_index.ts";
import { slotOf } from "./run_index.ts";

/** A circuit at a checkpoint. */
export interface Side {
  index: RunIndex;
  t: number;
}

/** How many are in both, and in one alone. */
export interface Counts {
  kept: number;
  /** only in the first */
  first: number;
  /** only in the second */
  second: number;
}

/** What two circuits have in common. */
export interface Comparison {
  /** whether features are compared one by one; otherwise cells are */
  byFeature: boolean;
  nodes: Counts;
  edges: Counts;
  /** nodes only in the first circuit that the second checkpoint's coders do not have; null unless by feature */
  firstAbsent: number | null;
  /** the same the other way round */
  secondAbsent: number | null;
}

/** Compares the circuits of two checkpoints; edges from tokens do not count. */
export function compareCircuits(a: Side, b: Side): Comparison {
  const byFeature = a.index.run === b.index.run;
  const nodeName = ({ index }: Side, slot: number) => byFeature ? `s${slot}` : cellOf(index, slot);
  const endName = (side: Side, end: string) => {
    const slot = slotOf(end);
    return slot === undefined ? end : nodeName(side, slot);
  };
  const nodesOf = (side: Side) =>
    new Set([...side.index.nodes(side.t).keys()].map((slot) => nodeName(side, slot)));
  const edgesOf = (side: Side) =>
    new Set(
      side.index.edges(side.t, false).map((edge) =>
        `${endName(side, edge.source)}>${endName(side, edge.target)}`
      ),
    );
  const absent = (side: Side, other: Side) =>
    [...side.index.nodes(side.t).keys()].filter((slot) => {
      const life = other.index.life(slot, other.t);
      return life === "unborn" || life === "dead";
    }).length;
  return {
    byFeature,
    nodes: count(nodesOf(a), nodesOf(b)),
    edges: count(edgesOf(a), edgesOf(b)),
    firstAbsent: byFeature ? absent(a, b) : null,
    secondAbsent: byFeature ? absent(b, a) : null,
  };
}

/** Returns the layer and the name of the role of a slot. */
function cellOf({ run }: RunIndex, slot: number): string {
  const { layer, role } = run.slots[slot];
  return `${layer} ${run.roles[role]}`;
}

function count(a: ReadonlySet<string>, b: ReadonlySet<string>): Counts {
  const kept = [...a].filter((name) => b.has(name)).length;
  return { kept, first: a.size - kept, second: b.size - kept };
}

/** Returns which nodes and edges of a side the other side lacks; null where features cannot be compared one by one. */
export function onlyHere(
  side: Side,
  other: Side,
): { nodes: Set<number>; edges: Set<string> } | null {
  if (side.index.run !== other.index.run) return null;
  const theirs = other.index.nodes(other.t);
  const edges = new Set(other.index.edges(other.t, true).map(({ id }) => id));
  return {
    nodes: new Set([...side.index.nodes(side.t).keys()].filter((slot) => !theirs.has(slot))),
    edges: new Set(
      side.index.edges(side.t, true).map(({ id }: ShownEdge) => id).filter((id) => !edges.has(id)),
    ),
  };
}
