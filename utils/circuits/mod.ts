/**
 * Circuits of heads and MLPs: the edge graph, EAP-IG, choosing a circuit, and measuring it.
 * @module
 */
export {
  batchActivations,
  INTERVENTIONS,
  meanActivations,
  sourceDifferences,
} from "./activations/mod.ts";
export {
  attribute,
  defaultTokensPerPass,
  EdgeContraction,
  QUADRATURES,
} from "./attribution/mod.ts";
export {
  circuitOfNeurons,
  circuitOfNodes,
  circuitStability,
  cmd,
  cpr,
  formatCurve,
  greedyOrder,
  greedySelection,
  maskOf,
  mibEdgeCounts,
  randomOrder,
  randomScores,
  scoreIntervals,
  searchCircuitSize,
  thresholdElements,
  thresholdSelection,
  topnElements,
  topnOrder,
  topnSelection,
  weightedEdgeCount,
} from "./choice/mod.ts";
export { CircuitEvaluator } from "./evaluation/mod.ts";
export {
  attributionGraph,
  circuitDot,
  edgeRows,
  type GraphFile,
  readGraphJson,
  writeCircuitPicture,
  writeEdgeTable,
  writeGraphJson,
} from "./formats/mod.ts";
export {
  changesToPrevious,
  changesToReference,
  circuitEdges,
  type CircuitShape,
  circuitShape,
  countEdges,
  destinationNode,
  edgeCell,
  edgeCount,
  hasOutgoing,
  layerColumns,
  layerRows,
  logitsColumn,
  mlpColumn,
  nBackward,
  nForward,
  nodesInCircuit,
  prevIndex,
  pruneCircuit,
  realEdgeMask,
  scoreRange,
  type Scores,
  sourceNode,
} from "./graph/mod.ts";
export { EDGE_METHODS, type EdgeScoreOptions, edgeScores } from "./scoring/mod.ts";
