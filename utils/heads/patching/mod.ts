/**
 * Activation patching and path patching.
 * @module
 */
export { patchHeads, zeroAblateHeads } from "./activation_patching.ts";
export {
  type CleanRun,
  cleanRun,
  corruptedHeads,
  lastRow,
  type PatchPrompt,
  type Span,
} from "./clean_run.ts";
export { cleanMetric } from "./patched_run.ts";
export {
  pathPatch,
  type PathPatchOptions,
  type PathPatchResult,
  type Receivers,
} from "./path_patching.ts";
