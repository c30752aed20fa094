/**
 * Coders inside a model: where they read and write, and runs in which they replace parts.
 * @module
 */
export {
  checkFits,
  type CoderPoint,
  coderPoints,
  hookWidth,
  pointValue,
  replacedValue,
  splitHook,
} from "./coder_hooks.ts";
export {
  CODER_POINTS,
  type CoderHook,
  coderHook,
  type CoderMode,
  coderSplice,
  type CoderSpliceOptions,
  type CoderTap,
  coderTap,
} from "./coder_splice.ts";
export { givenSplice } from "./given_output.ts";
export {
  type IntervenedFeeds,
  type IntervenedHook,
  intervenedHook,
  intervenedSplice,
  type InterventionBase,
} from "./intervened_coder.ts";
export {
  type CrossLayerReplacement,
  crossLayerReplacement,
  replacement,
  type Replacements,
} from "./replacement.ts";
