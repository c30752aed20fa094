/**
 * How good coders are: reconstruction, and the cost for the model.
 * @module
 */
export { type CoderRun, runCoders } from "./coder_run.ts";
export { FitMeter, type FitQuality } from "./fit_quality.ts";
export { LossMeter, replacementLosses, type TokenLosses } from "./token_losses.ts";
