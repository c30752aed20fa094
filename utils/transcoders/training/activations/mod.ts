/**
 * Which features are active: ReLU, TopK, BatchTopK, JumpReLU, each dense and sparse.
 * @module
 */
export {
  activate,
  type Activations,
  type ActivationSettings,
  carriedBy,
  type Form,
} from "./activations.ts";
export { batchThreshold } from "./batch_threshold.ts";
export { stepOver } from "./jump_relu.ts";
export { densePlaces, type Places } from "./places.ts";
export { columnPlaces } from "./sparse_places.ts";
