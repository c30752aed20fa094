/**
 * Computes the entries of `components/{model}/full_model_components_over_time.json`: for every head of a checkpoint its
 * previous-token, duplicate-token and induction score, copy scores of both signs, and attention from END to the names.
 */
import type { HookedModel } from "../../model/mod.ts";
import type { FullModelComponents } from "../../results/mod.ts";
import type { PromptPair } from "../../tasks/mod.ts";
import { attentionToNames, nameCopyScores, repeatedTokenScores } from "../scores/mod.ts";
import { headGrid } from "../head_grid.ts";
import { isNameMover } from "./ioi_roles.ts";
import { headName, headsWhere } from "../head.ts";

/**
 * Computes all scores of one checkpoint.
 * @param model model with folded weights, on which copy scores are defined
 * @param prompts indirect-object prompts with the marks IO, S1, S2 and END
 * @param repeated random tokens repeated once (`repeatedTokens`)
 */
export async function componentScores(
  model: HookedModel,
  prompts: readonly PromptPair[],
  repeated: readonly (readonly number[])[],
): Promise<FullModelComponents> {
  const tertiary = await repeatedTokenScores(model, repeated);
  const names = await attentionToNames(model, prompts);
  const copy = await nameCopyScores(model, prompts);
  const grid = (values: Float32Array) => headGrid(values, model.config.nHeads);
  return {
    tertiary_head_scores: {
      induction_scores: grid(tertiary.induction),
      prev_token_scores: grid(tertiary.prevToken),
      duplicate_token_scores: grid(tertiary.duplicateToken),
    },
    copy_scores: grid(copy.positive),
    negative_copy_scores: grid(copy.negative),
    attention_to_names: { io: grid(names.io), s1: grid(names.s1), s2: grid(names.s2) },
  };
}

/** Returns the names of an entry's name movers (`isNameMover`) with a copy score above `threshold` percent. */
export function nameMovers(
  { copy_scores, attention_to_names: { io, s1, s2 } }: FullModelComponents,
  threshold = 50,
): string[] {
  const attention = { io: io.flat(), s1: s1.flat(), s2: s2.flat() };
  const movers = isNameMover(copy_scores.flat(), attention, threshold);
  const shape = { nLayers: copy_scores.length, nHeads: copy_scores[0].length };
  return headsWhere(shape, (place) => movers[place]).map(headName);
}
