/**
 * Activation patching and path patching.
 * @module
 */
export { patchHeads, zeroAblateHeads } from "./activation_patching.ts";
export { cleanRun, corruptedHeads, lastRow, type PatchPrompt } from "./clean_run.ts";
export { cleanMetric } from "./patched_run.ts";
export { pathPatch, type Receivers } from "./path_patching.ts";
