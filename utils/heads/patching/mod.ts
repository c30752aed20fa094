/**
 * Patches activations and paths of heads.
 * @module
 */
export { patchHeads, zeroAblateHeads } from "./activation_patching.ts";
export {
  type CleanBatch,
  type CleanLayer,
  type CleanRun,
  cleanRun,
  corruptedHeads,
  lastRow,
  type PatchPrompt,
  type Span,
} from "./clean_run.ts";
export { cleanMetric, type WatchedAttention } from "./patched_run.ts";
export {
  pathPatch,
  type PathPatchOptions,
  type PathPatchResult,
  type Receivers,
} from "./path_patching.ts";
