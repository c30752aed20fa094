/**
 * Runs blocks layer by layer with weights streamed in, forward and backward.
 * @module
 */
export { bucketBy, padTokens } from "./batch.ts";
export { allHookPoints, matchHooks } from "./hook_patterns.ts";
export {
  type HookRequests,
  type OuterRequests,
  type Patch,
  sortRequests,
} from "./hook_requests.ts";
export {
  type BlockForm,
  LayerRunner,
  type LayerRunResult,
  type OnLayer,
  type Past,
} from "./layer_runner.ts";
export { headMask } from "./masks.ts";
export { OuterParts, type ReadoutOptions, type ReadoutRequest } from "./outer_parts.ts";
export { type Gradients, inPasses, promptsPerPass, type RunOptions } from "./passes.ts";
export { extendPast } from "./past.ts";
