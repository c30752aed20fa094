/** Attribution graphs judged by interventions. @module */
export { ablationEffects } from "./ablation_effects.ts";
export {
  MASK_KINDS,
  type MaskedMetrics,
  maskedMetrics,
  type MaskKind,
  type MaskOptions,
} from "./circuit_masks.ts";
export { type FeatureStatistics, featureStatistics } from "./feature_statistics.ts";
export {
  type AblationRanks,
  type JudgedPrompt,
  type JudgeOptions,
  judgePrompt,
  type MaskedCircuit,
  type PromptJudgement,
} from "./judge.ts";
export { type MatchedFeatures, matchedFeatures, writtenNorms } from "./matched_features.ts";
export { type LogitMetric, metricOf, metricTarget } from "./metric.ts";
export { ranks, spearman } from "./rank_correlation.ts";
export {
  type JudgementSummary,
  type MaskSummary,
  type MeanEstimate,
  type RankSummary,
  summariseJudgements,
} from "./summary.ts";
export { directEffects, totalEffects } from "./total_effects.ts";
