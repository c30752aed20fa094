/**
 * Activations whose features are known, and scores of coders against them.
 * @module
 */
export {
  type KnownFeatures,
  knownFeatures,
  type KnownFeatureSettings,
  type KnownRows,
} from "./known_features.ts";
export {
  type DirectionMatch,
  type FeatureScores,
  featureScores,
  FiringMeter,
  type FiringScores,
  matchDirections,
} from "./scores.ts";
