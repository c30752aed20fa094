/**
 * Transformers with hook points: configuration, tokenizer, weights from files and the Hub, blocks, runs.
 * @module
 */
export {
  activate,
  afterAttention,
  attend,
  attention,
  BATCH,
  block,
  type BlockContext,
  type BlockHook,
  type BlockWeights,
  declareWeights,
  defineSplice,
  headOutputs,
  headResults,
  hookName,
  hookNames,
  HookPoints,
  type KeysValues,
  metricFeeds,
  metricGradient,
  type MetricSpec,
  mlp,
  packedAxes,
  packedProjections,
  perHeadOutput,
  perHeadWeights,
  POS,
  type Readout,
  readoutFeeds,
  rowIndices,
  sequenceFeeds,
  sequenceInputs,
  type Splice,
  spliceFeed,
  type SpliceScope,
  storedOutIn,
  unpackedHeadFirst,
  type WeightUnit,
} from "./blocks/mod.ts";
export { type ModelConfig, parseModelConfig, readModelConfig } from "./config.ts";
export { openCheckpoint, weightDigest } from "./files/mod.ts";
export { HookedModel, type ModelOptions, type Patch, type RunOptions } from "./hooked_model.ts";
export {
  describeSteps,
  listLocalSteps,
  localCheckpoint,
  type ModelSource,
  modelSource,
  resolveModel,
} from "./hub/mod.ts";
export { bucketBy, headMask, type Past } from "./run/mod.ts";
export { Runtime, type RuntimeOptions } from "./runtime.ts";
export { loadTokenizer, type Tokenizer, tokenizerFromJson } from "./tokenizer.ts";
export {
  FOLDED,
  ModelWeights,
  randomSource,
  unitBytes,
  unitNames,
  unitTensors,
  type WeightSource,
} from "./weights/mod.ts";
