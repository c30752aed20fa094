/** Feature files of other tools. */
export {
  circuitTracerFeature,
  circuitTracerFeatures,
  type FeatureFileOptions,
  type ShownExample,
  shownExample,
} from "./circuit_tracer.ts";
export { BATCH_FEATURES, neuronpediaBatches, neuronpediaFeature } from "./neuronpedia.ts";
