/**
 * Computes the entries of `components/{model}/full_model_components_over_time.json`: for every head of a checkpoint its
 * previous-token, duplicate-token and induction score, copy scores of both signs, and attention from END to the names.
 */
import type { HookedModel } from "../../model/mod.ts";
import type { FullModelComponents } from "../../results/mod.ts";
import type { PromptPair } from "../../tasks/mod.ts";
import { attentionToNames, nameCopyScores, repeatedTokenScores } from "../scores/mod.ts";
import { headGrid } from "../head_grid.ts";

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
