/** What the training of the coders of one checkpoint needs. */
import type { HookedModel } from "../../model/mod.ts";
import type { Progress } from "../../cli/mod.ts";
import type { TranscoderEvaluation } from "../../results/mod.ts";
import type { BlockSource, Coder, EvaluationRows } from "../../transcoders/mod.ts";
import type { Plan } from "./plan.ts";
import type { Start } from "./start.ts";

/** A checkpoint of the model, and how its coders start. */
export interface Checkpoint {
  /** training step of the model */
  step: number;
  /** digest of its weights; null for a model on the Hub */
  weights: string | null;
  /** how its coders start */
  start: Start;
}

/** Evaluates the coders of a checkpoint before they are written. */
export type Evaluate = (
  coders: readonly Coder[],
  model: HookedModel,
  progress: Progress,
) => Promise<TranscoderEvaluation>;

/** What the coders of a checkpoint are trained from. */
export interface CheckpointInput {
  plan: Plan;
  checkpoint: Checkpoint;
  /** the checkpoint that a warm start is from */
  before?: Checkpoint;
  model: HookedModel;
  /** held-out text for evaluations during training */
  heldOut?: EvaluationRows;
  /** blocks of activations */
  source: BlockSource;
  /** whether a thread of its own fills them, into shared memory */
  ahead: boolean;
  /** threads that train */
  threads: number;
  /** Evaluates the coders at the end; the record gets the result. */
  evaluate?: Evaluate;
}
