/**
 * Builds the parts of a transformer as functions from graph values to graph values, with hook points and splices.
 * @module
 */
export {
  attend,
  attention,
  type AttentionOutput,
  capped,
  headOutputs,
  headResults,
  type PackedProjections,
  packedProjections,
  unpackedHeadFirst,
} from "./attention.ts";
export { activate, afterAttention, block, type BlockOutput, mlp, mlpOutput } from "./block.ts";
export {
  type AttentionWeights,
  BLOCK_WEIGHTS,
  type BlockWeights,
  blockWeightShapes,
  declareWeights,
  type MlpWeights,
  weightFeed,
  weightFeeds,
  type WeightUnit,
} from "./block_weights.ts";
export {
  type BlockContext,
  type HeadInputs,
  type KeysValues,
  type LayerContext,
  type SequenceInputs,
} from "./context.ts";
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
export {
  type GroupedMap,
  groupedScores,
  groupedValues,
  groupSize,
  headNorm,
  ungrouped,
} from "./grouped_heads.ts";
export {
  groupedWeights,
  packedAxes,
  perHeadOutput,
  perHeadWeights,
  storedOutIn,
  writtenPerHead,
} from "./head_weights.ts";
export {
  BLOCK_HOOK_ORDER,
  BLOCK_HOOKS,
  type BlockHook,
  hasBlockHook,
  type HookName,
  hookName,
  hookNames,
  type HookPointName,
  linearPoints,
  LLAMA_HOOKS,
  OUTER_HOOKS,
  type OuterHook,
  parseHookName,
} from "./hook_names.ts";
export { BATCH, type HookPlan, HookPoints, maskFeed, maskShape, patchFeed, POS } from "./hooks.ts";
export {
  llamaHeadProjections,
  type LlamaProjections,
  llamaProjections,
  type OwnProjections,
  prepared,
} from "./llama_projections.ts";
export { isRms, type Norm, normalise, normalisedInput } from "./norms.ts";
export {
  isLocalAmongOthers,
  rotaryFrequencies,
  sequenceFeeds,
  sequenceInputs,
} from "./sequence.ts";
export {
  checkSpliceWeights,
  defineSplice,
  type Splice,
  type SplicedLayer,
  spliceFeed,
  type SpliceForm,
  spliceHookName,
  splicePoint,
  type SpliceScope,
} from "./splice.ts";
