/** The table of circuits over training, and what is said below it. */
import type { Column } from "../../cli/mod.ts";
import {
  checkpointAble,
  type CheckpointSummary,
  type CircuitSummary,
  reachesThreshold,
  unableSteps,
} from "../../results/mod.ts";

/** What the table needs of a run. */
export type CircuitRun = Pick<CircuitSummary, "metric" | "threshold">;

/** Returns the line that is printed when a checkpoint is done. */
export function circuitLine(run: CircuitRun, found: CheckpointSummary): string {
  const { baseline, corrupted, edges, faithfulness } = found;
  const metric = `clean ${baseline.toFixed(3)}  corrupted ${corrupted.toFixed(3)}`;
  return checkpointAble(run, found)
    ? `${metric}  ${edges} edges  faithfulness ${faithfulness.toFixed(3)}`
    : `${metric}  the model does not do the task`;
}

/**
 * Returns the columns of the table; "–" for circuits where the model does not do the task. Only a circuit whose other edges
 * carry corrupted values has a share above the corrupted level.
 */
export function circuitColumns(
  run: CircuitRun,
  at: (step: number) => CheckpointSummary,
  { quadrature, intervention }: { quadrature: string; intervention: string },
): Column<number>[] {
  const circuit = (value: (found: CheckpointSummary) => number | undefined) => (step: number) =>
    checkpointAble(run, at(step)) ? value(at(step)) : undefined;
  return [
    { header: "clean", value: (step) => at(step).baseline, digits: 3 },
    { header: "corrupted", value: (step) => at(step).corrupted, digits: 3 },
    { header: "edges taken", value: circuit(({ size }) => size), digits: 0 },
    { header: "edges", value: circuit(({ edges }) => edges), digits: 0 },
    { header: "nodes", value: circuit(({ nodes }) => nodes.length), digits: 0 },
    { header: "faithfulness", value: circuit(({ faithfulness }) => faithfulness), digits: 3 },
    ...(intervention === "patching"
      ? [{ header: "above corrupted", value: circuit(({ normalized }) => normalized), digits: 3 }]
      : []),
    { header: "IG missing", value: circuit(({ completeness }) => completeness.missing), digits: 3 },
    ...(quadrature === "adaptive"
      ? [{
        header: "IG points",
        value: circuit(({ completeness }) => completeness.points),
        digits: 1,
      }]
      : []),
  ];
}

/**
 * Returns the sentences below the table: where the model does not do the task, and which circuits keep less than the
 * threshold although the run searched for it.
 */
export function circuitRemarks(
  run: CircuitRun,
  checkpoints: readonly CheckpointSummary[],
  { verify, end }: { verify: boolean; end: number },
): string[] {
  const remarks: string[] = [];
  const unable = unableSteps({ ...run, checkpoints: [...checkpoints] });
  if (unable.length > 0) {
    remarks.push(`–: the model does not do the task (step ${unable.join(", ")})`);
  }
  const short = checkpoints.filter((found) =>
    verify && checkpointAble(run, found) && !reachesThreshold(run, found)
  );
  if (short.length > 0) {
    const steps = short.map(({ step }) => step).join(", ");
    remarks.push(
      `warning: no circuit of up to ${end} edges reaches faithfulness ${run.threshold} at step ${steps}; ` +
        `raise "end", or lower "threshold"`,
    );
  }
  return remarks;
}
