/** The attribution graph: targets, edges, conservation, influence, pruning, scores. @module */
export type { LeftOut } from "./capped.ts";
export { type Conservation, conservation } from "./conservation.ts";
export {
  type AttributionGraph,
  attributionGraph,
  type GraphOptions,
  type GraphRows,
  graphRows,
} from "./graph.ts";
export {
  cumulativeShares,
  type GraphScores,
  graphScores,
  influence,
  nodeCount,
  type PrunedGraph,
  pruneGraph,
  type PruneOptions,
} from "../../graphs/mod.ts";
export { checkMemory, graphBytes } from "./memory.ts";
export { strongestPaths, type WeightedPath } from "./strongest_paths.ts";
export {
  answerDifference,
  featureTarget,
  type GraphTarget,
  headTargets,
  type LogitChoice,
  logitDifference,
  logitTargets,
  neuronTarget,
} from "./targets.ts";
