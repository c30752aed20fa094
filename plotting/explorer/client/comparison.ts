/** Compares the circuit on the page with that of another checkpoint or run: edges gained, lost and kept. */
import type { CircuitEdge } from "../../../utils/results/mod.ts";
import { edgeName } from "../../../utils/names/mod.ts";
import type { OtherRun, ShownSummary } from "./shown.ts";
import { nearestIndex, type State } from "./state.ts";
import { integer } from "../../page/client/mod.ts";

/** What became of an edge since the other checkpoint. */
export type Fate = "gained" | "lost" | "kept";

/** A comparison of two circuits. */
export interface Comparison {
  /** the other checkpoint */
  other: OtherRun["checkpoints"][number];
  /** the other run; undefined if the other checkpoint is one of this run */
  run?: OtherRun;
  /** the other circuit in a sentence: "step 1,024" */
  name: string;
  /** edges of the other circuit that this one lacks, with their scores there */
  lost: CircuitEdge[];
  /** Returns the fate of an edge of either circuit. */
  fateOf(edge: CircuitEdge): Fate;
  /** number of edges by fate */
  counts: Record<Fate, number>;
}

type Compared = Pick<ShownSummary, "checkpoints" | "others">;
type Choice = Pick<State, "index" | "against">;

/** Returns the other checkpoint that the reader chose: of another run, the one nearest to the step on the page. */
function chosenOther({ checkpoints, others = [] }: Compared, { index, against }: Choice) {
  const [kind, number] = against.split("-");
  const able = (list: OtherRun["checkpoints"]) => list.findLast((checkpoint) => checkpoint.able);
  switch (kind) {
    case "previous":
      return { other: able(checkpoints.slice(0, index)) };
    case "last":
      return { other: able(checkpoints) };
    case "step":
      return { other: checkpoints.find(({ step, able }) => able && step === Number(number)) };
    case "run": {
      const run = others[Number(number)];
      const steps = run?.checkpoints.map(({ step }) => step) ?? [];
      const nearest = run?.checkpoints[nearestIndex(steps, checkpoints[index].step)];
      return { other: nearest?.able ? nearest : undefined, run };
    }
    default:
      return { other: undefined };
  }
}

/**
 * Returns the comparison that the reader asks for; null without one, at a checkpoint at which the model does not do the
 * task, or if the other checkpoint does not do its task or is the same.
 */
export function comparisonOf(summary: Compared, choice: Choice): Comparison | null {
  const here = summary.checkpoints[choice.index];
  if (!here.able) return null;
  const { other, run } = chosenOther(summary, choice);
  if (!other || other === here) return null;
  const now = new Set(here.circuit.map(edgeName));
  const then = new Set(other.circuit.map(edgeName));
  const lost = other.circuit.filter((edge) => !now.has(edgeName(edge)));
  const kept = here.circuit.filter((edge) => then.has(edgeName(edge))).length;
  const step = `step ${integer(other.step)}`;
  return {
    other,
    run,
    name: run ? `${run.label}, ${step}` : step,
    lost,
    fateOf: (edge) =>
      !now.has(edgeName(edge)) ? "lost" : then.has(edgeName(edge)) ? "kept" : "gained",
    counts: { gained: here.circuit.length - kept, lost: lost.length, kept },
  };
}
