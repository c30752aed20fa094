/** What every head does, `components/{model}/full_model_components_over_time.json`. */
import { z } from "zod";
import { defineResult, type ResultKind } from "../kind.ts";
import { grid, type ModelHeader, modelHeader, tertiaryScores } from "./parts.ts";

const entry = z.object({
  tertiary_head_scores: tertiaryScores,
  /** percent */
  copy_scores: grid,
  negative_copy_scores: grid,
  /** from END, 0 … 1 */
  attention_to_names: z.object({ io: grid, s1: grid, s2: grid }),
});

/** Scores of all heads at one checkpoint. */
export type FullModelComponents = z.infer<typeof entry>;

/** `components/{model}/full_model_components_over_time.json`. */
export const fullModelComponents: ResultKind<ModelHeader, FullModelComponents, []> = defineResult({
  format: "circuits-over-time/full_model_components/1",
  madeBy: "get_full_model_components_over_time.ts",
  path: (paths) => paths.components("full_model_components_over_time"),
  header: modelHeader,
  entry,
  grids: true,
});
