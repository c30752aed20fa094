/**
 * Parts of optimisers that compose: clipping, Adam, weight decay, learning rates, constraints.
 * @module
 */
export { type AdamSettings, scaleByAdam } from "./adam.ts";
export { adamW, type AdamWSettings } from "./adamw.ts";
export { clipByGlobalNorm, type ClipOptions } from "./clip.ts";
export { decayWeights } from "./decay.ts";
export { learningRate, type LearningRateSettings } from "./learning_rate.ts";
export {
  chain,
  type Optimiser,
  type OptimiserPart,
  type PartInput,
  type PartOutput,
  scalarsOf,
  slotsOf,
  sumOf,
  type Term,
  type Update,
} from "./part.ts";
export { scaleByRate } from "./rate.ts";
export { tangentToRows, unitRows } from "./unit_rows.ts";
