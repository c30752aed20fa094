/** What a script says about its run over checkpoints: which files, what at each checkpoint, what at the end. */
import type { Column, Progress } from "../cli/mod.ts";
import type { HookedModel } from "../model/mod.ts";
import type { ResultFile } from "../results/mod.ts";
import type { LoopResult } from "./checkpoint_loop.ts";

/** What `run` needs of a result file. */
export type RunFile = Pick<ResultFile<unknown>, "path" | "has" | "steps">;

/** What `run` does at each checkpoint and at the end. */
export interface CheckpointRun {
  /** a step is done when all of these have it; the table shows the steps of the last one */
  files: readonly RunFile[];
  /** Computes and writes a step's entries; returns the text of its line. */
  measure(step: number, model: HookedModel, progress: Progress): Promise<string>;
  /** Runs after the last checkpoint, e.g. to compare checkpoints; returns an exit code. */
  compare?(loop: LoopResult): Promise<number>;
  /** What `compare` does at each checkpoint of the schedule, for the estimate; default: nothing that takes long */
  compareAt?(step: number, model: HookedModel): Promise<unknown>;
  /** Returns the columns after the step's; called when all is measured. */
  columns(): Column<number>[];
  /** header of the step's column; default "step" */
  stepHeader?: string;
  /** Prints what follows the table; default: the paths of the files */
  closing?(): void;
}
