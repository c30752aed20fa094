/** What a training of coders does beside its steps: evaluation on held-out text. */
export {
  collectEvaluations,
  evaluateSet,
  evaluationHook,
  evaluationSettings,
  evaluationText,
  type ModelSummary,
} from "./evaluation.ts";
export { type HeldOutInput, heldOutRows } from "./held_out.ts";
