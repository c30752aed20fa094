/** The circuit of a task in features: roles, effects, faithful choices, edges. @module */
export {
  type ChoiceOptions,
  chooseFeatures,
  effectOrder,
  equalFrequency,
  type FeatureCircuit,
  type FeatureCurvePoint,
  meanOver,
  MEASURES,
} from "./choice.ts";
export { edgeParts, type NodePair } from "./edge_parts.ts";
export { type EdgeShares, edgeShares, OUTPUT } from "./edges.ts";
export { circuitMetrics } from "./evaluation.ts";
export { ERROR, NodeSpace, type TaskNode } from "./node_space.ts";
export { roleNames, rolesOf } from "./roles.ts";
export {
  type Ablation,
  ABLATIONS,
  type FeatureTask,
  type TaskValues,
  taskValues,
} from "./task_values.ts";
