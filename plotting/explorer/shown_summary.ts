/**
 * Makes what the explorer page shows from a summary:
 *
 *  1. Order checkpoints by step, and judge at which the model does the task (`checkpointAble`).
 *  2. Where it does not, leave out circuit, curves, areas and stability: they describe noise.
 *  3. Leave out comparisons with such checkpoints.
 */
import { checkpointAble, type CircuitSummary } from "../../utils/results/mod.ts";
import { taskTitle } from "../display_names.ts";
import { runLooks } from "../figures/mod.ts";
import type { OtherRun, ShownCheckpoint, ShownSummary } from "./client/shown.ts";

/** Returns what the page shows; see the header. */
export function shownSummary(summary: CircuitSummary): ShownSummary {
  const checkpoints = summary.checkpoints.toSorted((a, b) => a.step - b.step)
    .map((checkpoint): ShownCheckpoint => {
      if (checkpointAble(summary, checkpoint)) return { ...checkpoint, able: true };
      const { step, baseline, corrupted, ability, completeness } = checkpoint;
      return {
        ...{ step, baseline, corrupted, ability, completeness, able: false },
        ...{ size: 0, edges: 0, nodes: [], circuit: [], faithfulness: 0, normalized: 0 },
        ...{ curve: [], random: [] },
      };
    });
  const able = new Set(checkpoints.filter((c) => c.able).map(({ step }) => step));
  const both = ({ from, to }: { from: number; to: number }) => able.has(from) && able.has(to);
  return {
    ...summary,
    checkpoints,
    searched: summary.config?.verify !== false,
    fromCorrupted: (summary.config?.intervention ?? "patching") === "patching",
    toPrevious: summary.toPrevious.filter(both),
    toFinal: summary.toFinal.filter(both),
  };
}

/** Returns the runs that circuits can be compared with: those of models of the same shape. */
export function otherRuns(summary: CircuitSummary, others: readonly CircuitSummary[]): OtherRun[] {
  const same = others.filter(({ shape }) =>
    shape.nLayers === summary.shape.nLayers && shape.nHeads === summary.shape.nHeads
  );
  const looks = runLooks([summary, ...same]).slice(1);
  return same.map((other, i) => ({
    label: `${taskTitle(other.task)}, ${looks[i].name}`,
    model: other.model,
    checkpoints: shownSummary(other).checkpoints
      .map(({ step, able, circuit }) => ({ step, able, circuit })),
  }));
}
