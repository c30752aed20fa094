/**
 * Weights in units of use: their sources, a store with a memory budget, and processing such as folding.
 * @module
 */
export { EmbeddingRows } from "./embedding_rows.ts";
export { type LayerRange, layerStacks, loopOverLayers } from "./layer_loop.ts";
export { type LayerWeights, ModelWeights } from "./model_weights.ts";
export { FOLDED, type WeightProcessing, weightProcessor } from "./weight_processing.ts";
export {
  checkpointSource,
  randomSource,
  unitNames,
  unitTensors,
  type WeightSource,
} from "./weight_source.ts";
export { type StandInSource, standInSource } from "./stand_in_source.ts";
export { unitBytes, WeightStore } from "./weight_store.ts";
