/**
 * Result files: one contract per kind (`kinds/`), through which scripts write and plots read. A kind says the format with
 * its version, the schema, the path and the script that makes the file.
 */
export type { ResultLayout, ResultSchema } from "./check.ts";
export { findResults, type ReadableKind, runFirst, type StoredOf } from "./find.ts";
export {
  defineResult,
  type EntryOf,
  type ResultKind,
  type ResultSpec,
  type StoredResult,
} from "./kind.ts";
export {
  type CircuitComponents,
  circuitComponentScores,
  headsByType,
  type HeadsOfTypes,
} from "./kinds/circuit_components.ts";
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
} from "./kinds/circuit_summary.ts";
export { type ComponentSwaps, componentSwaps, type SwapHeader } from "./kinds/component_swaps.ts";
export { type CopySuppression, copySuppression } from "./kinds/cspa.ts";
export { type FullModelComponents, fullModelComponents } from "./kinds/full_model_components.ts";
export { greaterThanChecks, type GreaterThanParts } from "./kinds/greater_than.ts";
export { type Consistency, ioiConsistencies } from "./kinds/ioi_consistency.ts";
export { type SelfRepairEntry, selfRepairs } from "./kinds/self_repair.ts";
export {
  type SuccessorHeader,
  successorHeads,
  type SuccessorScores,
} from "./kinds/successor_heads.ts";
export {
  type MetricSummary,
  type PerformanceHeader,
  type TaskPerformances,
  taskPerformances,
} from "./kinds/task_performance.ts";
export type { ModelHeader } from "./kinds/parts.ts";
export { circuitTransfers } from "./kinds/transfer.ts";
export { type OpenOptions, ResultFile } from "./result_file.ts";
export { ResultPaths } from "./result_path.ts";
