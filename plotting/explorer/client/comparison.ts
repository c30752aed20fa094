/** Compares the circuit on the page with that of another checkpoint: edges gained, lost and kept. */
import type { CircuitEdge } from "../../../utils/results/mod.ts";
import { edgeName } from "../../../utils/names/mod.ts";
import type { ShownCheckpoint, ShownSummary } from "./shown.ts";
import type { State } from "./state.ts";

/** What became of an edge since the other checkpoint. */
export type Fate = "gained" | "lost" | "kept";

/** A comparison of two circuits. */
export interface Comparison {
  /** the other checkpoint */
  other: ShownCheckpoint;
  /** edges of the other circuit that this one lacks, with their scores there */
  lost: CircuitEdge[];
  /** Returns the fate of an edge of either circuit. */
  fateOf(edge: CircuitEdge): Fate;
  /** number of edges by fate */
  counts: Record<Fate, number>;
}

/**
 * Returns the comparison that the reader asks for; null without one, at a checkpoint at which the model does not do the
 * task, or if no other checkpoint does it.
 */
export function comparisonOf(
  { checkpoints }: Pick<ShownSummary, "checkpoints">,
  { index, against }: Pick<State, "index" | "against">,
): Comparison | null {
  const here = checkpoints[index];
  if (against === "off" || !here.able) return null;
  const others = against === "previous" ? checkpoints.slice(0, index) : checkpoints;
  const other = others.findLast((checkpoint) => checkpoint.able);
  if (!other || other === here) return null;
  const now = new Set(here.circuit.map(edgeName));
  const then = new Set(other.circuit.map(edgeName));
  const lost = other.circuit.filter((edge) => !now.has(edgeName(edge)));
  const kept = here.circuit.filter((edge) => then.has(edgeName(edge))).length;
  return {
    other,
    lost,
    fateOf: (edge) =>
      !now.has(edgeName(edge)) ? "lost" : then.has(edgeName(edge)) ? "kept" : "gained",
    counts: { gained: here.circuit.length - kept, lost: lost.length, kept },
  };
}
