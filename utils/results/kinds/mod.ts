/**
 * The kinds of result files: format name, schema, path and script of each.
 * @module
 */
export {
  type AttentionEntry,
  type AttentionHeader,
  type AttentionPatternFile,
  attentionPatterns,
  packPatterns,
  readAttention,
} from "./circuits/mod.ts";
export {
  type CircuitComponents,
  circuitComponentScores,
  headsByType,
  type HeadsOfTypes,
} from "./circuit_components.ts";
export {
  type CheckpointSummary,
  type CircuitChange,
  type CircuitChanges,
  type CircuitEdge,
  type CircuitRunEnd,
  type CircuitRunHeader,
  type CircuitSummary,
  circuitSummary,
  type Completeness,
  type CurvePoint,
  type HeadRoles,
  readCircuitSummary,
} from "./circuit_summary.ts";
export { type ComponentSwaps, componentSwaps, type SwapHeader } from "./component_swaps.ts";
export { type CopySuppression, copySuppression } from "./cspa.ts";
export * from "./features/mod.ts";
export { type FullModelComponents, fullModelComponents } from "./full_model_components.ts";
export { greaterThanChecks, type GreaterThanParts } from "./greater_than.ts";
export { type Consistency, ioiConsistencies } from "./ioi_consistency.ts";
export { type ModelHeader, type modelHeader } from "./parts.ts";
export { type SelfRepairEntry, selfRepairs } from "./self_repair.ts";
export { type SuccessorHeader, successorHeads, type SuccessorScores } from "./successor_heads.ts";
export {
  type MetricSummary,
  type PerformanceHeader,
  type TaskPerformances,
  taskPerformances,
} from "./task_performance.ts";
export {
  type EvaluatedArm,
  type ReplacementLosses,
  type StandInPlace,
  type TranscoderEvaluation,
  type TranscoderEvaluationHeader,
  transcoderEvaluations,
} from "./transcoder_evaluation.ts";
export {
  type SweepArm,
  type SweepStream,
  type TranscoderSweep,
  type TranscoderSweepHeader,
  transcoderSweeps,
} from "./transcoder_sweep.ts";
export { circuitTransfers } from "./circuits/mod.ts";
