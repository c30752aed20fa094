/** The model as it is, on a batch of an evaluation: what coders read and should give there, and the logits. */
import type { F32 } from "../../onnx/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { CoderConfig } from "../coder.ts";
import { type CoderPointValues, readCoderPoints } from "./coder_run.ts";
import { positionMask, type TokenRows } from "./token_rows.ts";

/** A batch and the clean model's values on it. */
export interface CleanRun {
  /** the tokens, and the positions that count */
  rows: TokenRows;
  /** the positions that count, as splices take them, `[batch, pos, 1]` */
  positions: F32;
  /** input and target of each coder */
  points: CoderPointValues[];
}

/** A clean run with its logits. */
export interface CleanLogits extends CleanRun {
  /** `[batch, pos, V]` */
  logits: F32;
}

/** Runs the clean model on a batch. @throws Error naming a coder that does not fit the model. */
export async function cleanRun(
  model: HookedModel,
  configs: readonly CoderConfig[],
  rows: TokenRows,
): Promise<CleanRun> {
  const points = await readCoderPoints(model, configs, rows.prompts);
  return { rows, positions: positionMask(rows), points };
}

/** Adds the logits to a clean run. */
export async function withLogits(model: HookedModel, run: CleanRun): Promise<CleanLogits> {
  return { ...run, logits: await model.allLogits(run.rows.prompts) };
}
