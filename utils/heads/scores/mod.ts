/**
 * Scores of heads: attention patterns, copying, succession, direct logit attribution.
 * @module
 */
export { attentionPatterns, patternBytes } from "./attention_patterns.ts";
export {
  type AttentionToNames,
  attentionToNames,
  type RepeatedTokenOptions,
  repeatedTokens,
  type RepeatedTokenScores,
  repeatedTokenScores,
} from "./attention_scores.ts";
export {
  type CopyScoreOptions,
  type CopyScores,
  copyScores,
  nameCopyScores,
} from "./copy_score.ts";
export { directLogitAttribution } from "./direct_logit_attribution.ts";
export { successorLogits, successorScores } from "./successor.ts";
export {
  SUCCESSOR_LISTS,
  type SuccessorLists,
  successorPairs,
  type TokenPairs,
} from "./successor_words.ts";
