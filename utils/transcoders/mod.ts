/**
 * Transcoders and sparse autoencoders: the coder, its arithmetic, its file formats, and models that run with coders in
 * place of their parts.
 * @module
 */
export {
  type Activation,
  checkCoder,
  type Coder,
  type CoderConfig,
  type CoderKind,
  coderName,
  coderShapes,
  type CoderWeight,
  type CoderWeights,
  type InputConvention,
} from "./coder.ts";
export { type CoderForm, coderForm } from "./arithmetic.ts";
export { codersDigest } from "./coder_digest.ts";
export { decode, encode, reconstruct } from "./programs.ts";
export {
  checkFits,
  CODER_POINTS,
  type CoderHook,
  coderHook,
  type CoderMode,
  coderSplice,
  type CoderSpliceOptions,
  type CoderTap,
  coderTap,
  type CrossLayerReplacement,
  crossLayerReplacement,
  hookWidth,
  type IntervenedFeeds,
  type IntervenedHook,
  intervenedHook,
  intervenedSplice,
  type InterventionBase,
  replacement,
  type Replacements,
  splitHook,
} from "./splices/mod.ts";
export {
  CODER_DTYPES,
  type CoderDtype,
  type CoderFormat,
  FORMAT_NAMES,
  type FormatName,
  FORMATS,
  openCoders,
  type OpenedCoders,
  type OpenOptions,
  readCoder,
  storedCoder,
  writeCoder,
  type WriteOptions,
} from "./formats/mod.ts";
export {
  type CoderAlone,
  CoderEvaluator,
  type CoderPointValues,
  type CoderRun,
  type DensityReport,
  densityReport,
  evaluateAlone,
  evaluateCoders,
  type EvaluationOptions,
  type EvaluationRows,
  evaluationRows,
  type EvaluationText,
  FitMeter,
  type FitQuality,
  FLOOR_NAMES,
  type FloorName,
  type LabelledFeature,
  LabelMeter,
  LossMeter,
  type MeasureOptions,
  printEvaluation,
  readCoderPoints,
  replacementLosses,
  rowsOf,
  runCoders,
  streamRows,
  type TokenLosses,
  type TokenRows,
} from "./evaluation/mod.ts";
export {
  type NormWeights,
  readingBare,
  readingMlpInput,
  readsBare,
  readsMlpInput,
} from "./conventions.ts";
export {
  type ActivationBatch,
  activationBatches,
  blockRows,
  type BlockSource,
  type BufferSettings,
  bytesPerRow,
  cached,
  type CacheSettings,
  captured,
  type KeptOptions,
  KeptRows,
  type Segment,
  type Tap,
  type TapRows,
} from "./capture/mod.ts";
export { unitRows } from "./random_rows.ts";
export { convertCoders, type Converted, type ConvertOptions } from "./convert.ts";
export * from "./training/mod.ts";
export * from "./truth/mod.ts";
