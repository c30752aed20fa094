/** The identity of features over checkpoints: similarity, matching with nulls, births and deaths, tracks. @module */
export {
  bestMatching,
  FALSE_MATCHES,
  type FeaturePair,
  matchThreshold,
  permutedNull,
} from "./matching.ts";
export {
  compareFeatures,
  type FeatureProfile,
  type Similarities,
  similarityMatrix,
} from "./similarity.ts";
export { addTokens, noActivations, type SparseActivations } from "./sparse_activations.ts";
export { ABSENT, type KeptPairs, trackBack } from "./tracks.ts";
export { type TextProfile, textProfiles } from "./text_profile.ts";
export { type Turnover, turnoverOf } from "./turnover.ts";
