/**
 * How good coders are: reconstruction, and the cost for the model, beside floors.
 * @module
 */
export { type CoderAlone, evaluateAlone } from "./coder_alone.ts";
export { type CoderPointValues, type CoderRun, readCoderPoints, runCoders } from "./coder_run.ts";
export { type DensityReport, densityReport } from "./density.ts";
export { CoderEvaluator, evaluateCoders, type EvaluationOptions } from "./evaluate.ts";
export { type EvaluationRows, evaluationRows, type EvaluationText } from "./evaluation_text.ts";
export { type LabelledFeature, LabelMeter } from "./feature_labels.ts";
export { FitMeter, type FitQuality } from "./fit_quality.ts";
export { FLOOR_NAMES, type FloorName } from "./floors/mod.ts";
export { printEvaluation } from "./report.ts";
export { LossMeter, replacementLosses, type TokenLosses } from "./token_losses.ts";
export { rowsOf, streamRows, type TokenRows } from "./token_rows.ts";
export type { MeasureOptions } from "./measured_arm.ts";
