/** What the page is given: a summary without the circuits of checkpoints at which the model does not do the task. */
import type { CheckpointSummary, CircuitSummary } from "../../../utils/results/mod.ts";

/** A checkpoint as the page shows it. */
export interface ShownCheckpoint extends CheckpointSummary {
  /** whether the model does the task; if not, the checkpoint has no circuit, no curve and no areas */
  able: boolean;
}

/** Another run, to compare circuits with. */
export interface OtherRun {
  /** what tells it from the run on the page */
  label: string;
  model: string;
  checkpoints: Pick<ShownCheckpoint, "step" | "able" | "circuit">[];
}

/** A summary as the page shows it. */
export interface ShownSummary extends CircuitSummary {
  /** runs of models of the same shape */
  others?: OtherRun[];
  /** title and caption that the author of the page gave it */
  title?: string;
  caption?: string;
  /** whether the run searched for a circuit above the threshold */
  searched: boolean;
  /**
   * whether edges outside a circuit carry their values on the corrupted prompt; only then does a circuit without edges reach
   * the corrupted level, and are scores shares of the way from there to clean
   */
  fromCorrupted: boolean;
  checkpoints: ShownCheckpoint[];
}
