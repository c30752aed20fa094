/**
 * Collects activations of prompt pairs: what every node writes on clean and corrupted prompts, and the differences.
 * @module
 */
export {
  activationsAndDifferences,
  type BatchActivations,
  batchActivations,
  type Intervention,
  INTERVENTIONS,
  type MeanActivations,
  repeatPast,
} from "./activations.ts";
export { meanActivations } from "./mean_activations.ts";
export { corruptedResiduals, type Residuals } from "./corrupted_residuals.ts";
export { boundedBatches, FREE_BYTES, inGroups, keptBytes, packed } from "./memory_plan.ts";
export { sourceDifferences } from "./source_differences.ts";
export { scaleFeed, type SourceOutputs } from "./source_outputs.ts";
