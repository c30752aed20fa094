/** Parts that several kinds of result files share. */
import { z } from "zod";

/** Scores of all heads: a list per layer, a number per head. */
export const grid = z.array(z.array(z.number()));

/** Names of heads, `a{layer}.h{head}`. */
export const headNames = z.array(z.string());

/** Header of a file about all heads of a model. */
export const modelHeader = z.object({
  /** folder name of the model (`modelFolder`) */
  model: z.string(),
  shape: z.object({ nLayers: z.int(), nHeads: z.int() }),
});

/** Scores of repeated random tokens, 0 … 1. */
export const tertiaryScores = z.object({
  induction_scores: grid,
  prev_token_scores: grid,
  duplicate_token_scores: grid,
});

/** Header of a file about all heads of a model. */
export type ModelHeader = z.infer<typeof modelHeader>;
