/**
 * Activations of prompt pairs: what every node writes on the clean and the corrupted prompts, and their differences.
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
  type SourceOutputs,
} from "./activations.ts";
export { corruptedResiduals, type Residuals } from "./corrupted_residuals.ts";
export { sourceDifferences } from "./source_differences.ts";
