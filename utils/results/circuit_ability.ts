/** Whether a model does the task at a checkpoint of a circuit summary. */
import { doesTask, LEAST_RISES } from "../base/mod.ts";
import type { CheckpointSummary, CircuitSummary } from "./kinds/mod.ts";

/**
 * Returns the stored verdict; for an entry from before verdicts were stored, the same rule on its means (`doesTask`), which
 * are all that such an entry has.
 */
export function checkpointAble(
  { metric }: Pick<CircuitSummary, "metric">,
  { ability, baseline, corrupted }: Pick<CheckpointSummary, "ability" | "baseline" | "corrupted">,
): boolean {
  return ability?.able ??
    doesTask({ metric: baseline, rise: baseline - corrupted }, LEAST_RISES[metric]);
}

/** Returns the checkpoints of a summary at which the model does the task, in the stored order. */
export function ableCheckpoints(
  summary: Pick<CircuitSummary, "metric" | "checkpoints">,
): CheckpointSummary[] {
  return summary.checkpoints.filter((checkpoint) => checkpointAble(summary, checkpoint));
}

/** Returns the steps of a summary at which the model does not do the task, ascending. */
export function unableSteps(summary: Pick<CircuitSummary, "metric" | "checkpoints">): number[] {
  return summary.checkpoints.filter((checkpoint) => !checkpointAble(summary, checkpoint))
    .map(({ step }) => step).sort((a, b) => a - b);
}

/**
 * Returns whether the circuit of a checkpoint keeps more than the threshold. False after a search that ended at its largest
 * size, and for circuits of a fixed size that keep less.
 */
export function reachesThreshold(
  { threshold }: Pick<CircuitSummary, "threshold">,
  { faithfulness }: Pick<CheckpointSummary, "faithfulness">,
): boolean {
  return faithfulness >= threshold;
}
