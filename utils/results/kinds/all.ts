/** All kinds of result files. A new kind belongs in this list. */
import { circuitComponentScores, headsByType } from "./circuit_components.ts";
import { circuitSummary } from "./circuit_summary.ts";
import { componentSwaps } from "./component_swaps.ts";
import { copySuppression } from "./cspa.ts";
import {
  featureCircuits,
  featureDashboards,
  featureFormations,
  featureIdentities,
  graphJudgements,
} from "./features/mod.ts";
import { fullModelComponents } from "./full_model_components.ts";
import { greaterThanChecks } from "./greater_than.ts";
import { ioiConsistencies } from "./ioi_consistency.ts";
import { selfRepairs } from "./self_repair.ts";
import { successorHeads } from "./successor_heads.ts";
import { taskPerformances } from "./task_performance.ts";
import { transcoderEvaluations } from "./transcoder_evaluation.ts";
import { transcoderSweeps } from "./transcoder_sweep.ts";
import { attentionPatterns, circuitTransfers } from "./circuits/mod.ts";

/** Every kind, by its name in messages and tests. */
export const RESULT_KINDS = {
  circuitSummary,
  circuitTransfers,
  attentionPatterns,
  fullModelComponents,
  circuitComponentScores,
  headsByType,
  copySuppression,
  ioiConsistencies,
  selfRepairs,
  componentSwaps,
  successorHeads,
  greaterThanChecks,
  taskPerformances,
  transcoderEvaluations,
  graphJudgements,
  featureCircuits,
  featureIdentities,
  featureFormations,
  featureDashboards,
  transcoderSweeps,
};
