/** Copy suppression of every head, `cspa/{model}/all_checkpoints.json`. */
import { z } from "zod";
import { defineResult, type ResultKind } from "../kind.ts";
import { grid, type ModelHeader, modelHeader } from "./parts.ts";

const entry = z.object({
  /** CSPA, at most 1 */
  scores: grid,
  /** mean divergences in nats */
  kl_kept: grid,
  kl_ablated: grid,
});

/** Copy suppression of all heads at one checkpoint. */
export type CopySuppression = z.infer<typeof entry>;

/** `cspa/{model}/all_checkpoints.json`. */
export const copySuppression: ResultKind<ModelHeader, CopySuppression, []> = defineResult({
  format: "circuits-over-time/cspa/1",
  madeBy: "get_model_cspa.ts",
  path: (paths) => paths.cspa(),
  header: modelHeader,
  entry,
  grids: true,
});
