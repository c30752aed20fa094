/** Successor scores of every head, `components/{model}/successor_heads_over_time.json`. */
import { z } from "zod";
import { defineResult, type ResultKind } from "../kind.ts";
import { grid, modelHeader } from "./parts.ts";

const entry = z.object({
  /** 0 … 1, on the corrected word lists */
  corrected: grid,
  /** 0 … 1, on the original's word lists */
  compat: grid,
});

/** Successor scores of all heads at one checkpoint. */
export type SuccessorScores = z.infer<typeof entry>;

const header = modelHeader.extend({
  /** word pairs of each list that the tokenizer has */
  pairs: z.object({ corrected: z.int(), compat: z.int() }).optional(),
});

/** Header of the file. */
export type SuccessorHeader = z.infer<typeof header>;

/** `components/{model}/successor_heads_over_time.json`. */
export const successorHeads: ResultKind<SuccessorHeader, SuccessorScores, []> = defineResult({
  format: "circuits-over-time/successor_heads/1",
  madeBy: "get_new_successor_head_scores_over_time.ts",
  path: (paths) => paths.components("successor_heads_over_time"),
  header,
  entry,
  grids: true,
});
