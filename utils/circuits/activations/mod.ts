/**
 * Collects activations of prompt pairs: what every node writes on clean and corrupted prompts, and the differences.
 * @module
 */
export {
  type BatchActivations,
  batchActivations,
  type Intervention,
  INTERVENTIONS,
  type MeanActivations,
  meanActivations,
  repeatPast,
  scaleFeed,
  type SourceOutputs,
} from "./activations.ts";
export { corruptedResiduals, type Residuals } from "./corrupted_residuals.ts";
export { sourceDifferences } from "./source_differences.ts";
