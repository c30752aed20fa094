/**
 * Writes the JSON Schema of every script's settings to `configs/schema/`, so that an editor can complete and check config
 * files. Run it after changing a script's keys; a test compares the files with the scripts.
 *
 *   deno run -A update_config_schemas.ts
 */
import { script as transcoders } from "./evaluate_transcoder.ts";
import { script as exportCircuit } from "./export_circuit.ts";
import { script as attributionGraph } from "./get_attribution_graph.ts";
import { script as circuitComponents } from "./get_circuit_components_over_time.ts";
import { script as circuits } from "./get_circuits_over_time.ts";
import { script as swaps } from "./get_component_swaps.ts";
import { script as featureCircuits } from "./get_feature_circuits_over_time.ts";
import { script as dashboards } from "./get_feature_dashboards.ts";
import { script as featurePaths } from "./get_feature_paths.ts";
import { script as components } from "./get_full_model_components_over_time.ts";
import { script as consistency } from "./get_ioi_consistency.ts";
import { script as cspa } from "./get_model_cspa.ts";
import { script as performance } from "./get_model_task_performance.ts";
import { script as successors } from "./get_new_successor_head_scores_over_time.ts";
import { script as selfRepair } from "./get_self_repair_over_time.ts";
import { script as judgement } from "./judge_attribution_graph.ts";
import { script as sweep } from "./sweep_transcoders.ts";
import { script as training } from "./train_pythia_nano.ts";
import { script as coderTraining } from "./train_transcoder.ts";
import { writeSchemas } from "./utils/cli/mod.ts";
import { script as greaterThan } from "./verify_greater_than.ts";

/** All scripts with settings. */
export const SCRIPTS = [
  circuits,
  featureCircuits,
  exportCircuit,
  circuitComponents,
  swaps,
  components,
  consistency,
  cspa,
  successors,
  selfRepair,
  greaterThan,
  performance,
  training,
  coderTraining,
  sweep,
  transcoders,
  judgement,
  attributionGraph,
  featurePaths,
  dashboards,
];

if (import.meta.main) {
  for (const path of await writeSchemas(SCRIPTS)) console.log(path);
}
