/**
 * The transformer as functions from graph values to graph values, with hook points and splices.
 * @module
 */
export {
  attend,
  attention,
  headOutputs,
  headResults,
  packedProjections,
  unpackedHeadFirst,
} from "./attention.ts";
export { activate, afterAttention, block, mlp } from "./block.ts";
export {
  BLOCK_WEIGHTS,
  type BlockWeights,
  blockWeightShapes,
  declareWeights,
  weightFeed,
  weightFeeds,
  type WeightUnit,
} from "./block_weights.ts";
export { type BlockContext, type KeysValues } from "./context.ts";
export {
  compileEmbed,
  compileReadout,
  compileUnembed,
  metricFeeds,
  metricGradient,
  type MetricSpec,
  type Readout,
  readoutFeeds,
  rowIndices,
} from "./embedding.ts";
export { packedAxes, perHeadOutput, perHeadWeights, storedOutIn } from "./head_weights.ts";
export { type BlockHook, type HookName, hookName, hookNames, parseHookName } from "./hook_names.ts";
export { BATCH, type HookPlan, HookPoints, maskFeed, maskShape, patchFeed, POS } from "./hooks.ts";
export { sequenceFeeds, sequenceInputs } from "./sequence.ts";
export {
  checkSpliceWeights,
  defineSplice,
  type Splice,
  type SplicedLayer,
  spliceFeed,
  splicePoint,
  type SpliceScope,
} from "./splice.ts";
