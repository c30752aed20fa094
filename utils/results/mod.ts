/**
 * Result files: one contract per kind (`kinds/`), through which scripts write and plots read. A kind says the format with
 * its version, the schema, the path and the script that makes the file.
 */
export {
  ableCheckpoints,
  checkpointAble,
  reachesThreshold,
  unableSteps,
} from "./circuit_ability.ts";
export type { ResultLayout, ResultSchema } from "./check.ts";
export { findResults, formatOf, type ReadableKind, runFirst, type StoredOf } from "./find.ts";
export { headRoles, ROLE_FORMATS, type RoleCircuits } from "./head_roles.ts";
export {
  defineResult,
  type EntryOf,
  type ResultKind,
  type ResultSpec,
  type StoredResult,
} from "./kind.ts";
export {
  type AttentionEntry,
  type AttentionHeader,
  type AttentionPatternFile,
  attentionPatterns,
  packPatterns,
  readAttention,
} from "./kinds/mod.ts";
export {
  type CircuitComponents,
  circuitComponentScores,
  headsByType,
  type HeadsOfTypes,
  type modelHeader,
} from "./kinds/mod.ts";
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
} from "./kinds/mod.ts";
export { type ComponentSwaps, componentSwaps, type SwapHeader } from "./kinds/mod.ts";
export { type CopySuppression, copySuppression } from "./kinds/mod.ts";
export {
  type DashboardFeature,
  type DashboardHistogram,
  type DashboardLayer,
  type DashboardRule,
  type DashboardScore,
  type FeatureDashboards,
  featureDashboards,
  type FeatureDashboardsHeader,
} from "./kinds/mod.ts";
export {
  type FeatureRatings,
  featureRatings,
  RATING_FORMATS,
  type RatingItem,
  type RatingKey,
  ratingKey,
  type RatingStudy,
  SHADES,
  type Verdict,
  VERDICTS,
} from "./kinds/mod.ts";
export {
  type FeatureCircuitEntry,
  type FeatureCircuitHeader,
  featureCircuits,
  featureFormations,
  featureIdentities,
  type FeatureIdentityEntry,
  type FeatureIdentityHeader,
  type FormationAnswers,
  type FormationEntry,
  type FormationHeader,
} from "./kinds/mod.ts";
export {
  type ExactGraphHeader,
  exactGraphHeader,
  GRAPH_DETAILS_FORMAT,
  GRAPH_FORMAT,
  type GraphDetails,
  graphDetails,
  graphIndexSchema,
  type NeuronpediaGraph,
  type NeuronpediaNode,
  neuronpediaSchema,
  NODE_TYPES,
} from "./kinds/mod.ts";
export { type FullModelComponents, fullModelComponents } from "./kinds/mod.ts";
export { type GraphJudgement, type GraphJudgementHeader, graphJudgements } from "./kinds/mod.ts";
export { greaterThanChecks, type GreaterThanParts } from "./kinds/mod.ts";
export { type Consistency, ioiConsistencies } from "./kinds/mod.ts";
export { type SelfRepairEntry, selfRepairs } from "./kinds/mod.ts";
export { type SuccessorHeader, successorHeads, type SuccessorScores } from "./kinds/mod.ts";
export {
  type MetricSummary,
  type PerformanceHeader,
  type TaskPerformances,
  taskPerformances,
} from "./kinds/mod.ts";
export {
  type EvaluatedArm,
  type ReplacementLosses,
  type StandInPlace,
  type TranscoderEvaluation,
  type TranscoderEvaluationHeader,
  transcoderEvaluations,
} from "./kinds/mod.ts";
export type { ModelHeader } from "./kinds/mod.ts";
export {
  type SweepArm,
  type SweepStream,
  type TranscoderSweep,
  type TranscoderSweepHeader,
  transcoderSweeps,
} from "./kinds/mod.ts";
export { circuitTransfers } from "./kinds/mod.ts";
export { isNameMover, nameMovers } from "./name_movers.ts";
export { type OpenOptions, OtherResults, ResultFile } from "./result_file.ts";
export { modelFolder, ResultPaths } from "./result_path.ts";
