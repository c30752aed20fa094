/** What a training of coders does beside its steps: evaluation on held-out text, resampling of dead features. */
export {
  collectEvaluations,
  evaluateSet,
  evaluationHook,
  evaluationSettings,
  evaluationText,
  type ModelSummary,
} from "./evaluation.ts";
export { heldOutRows } from "./held_out.ts";
export { resamplingHook } from "./resampling.ts";
