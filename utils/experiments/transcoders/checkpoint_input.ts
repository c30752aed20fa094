/** What the training of the coders of one checkpoint needs. */
import type { HookedModel } from "../../model/mod.ts";
import type { BlockSource, Coder } from "../../transcoders/mod.ts";
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

/** What the coders of a checkpoint are trained from. */
export interface CheckpointInput {
  plan: Plan;
  checkpoint: Checkpoint;
  /** the checkpoint that a warm start is from */
  before?: Checkpoint;
  model: HookedModel;
  /** blocks of activations */
  source: BlockSource;
  /** whether a thread of its own fills them, into shared memory */
  ahead: boolean;
  /** threads that train */
  threads: number;
  /** Evaluates the coders at the end; the record gets the result. */
  evaluate?(coders: readonly Coder[], model: HookedModel): Promise<unknown>;
}
