/**
 * Attribution graphs as data: influence, pruning, scores, subgraphs, groups, Neuronpedia's JSON. Nothing here runs a model or
 * reads a file, so that pages use the same code.
 * @module
 */
export { type GraphData, nodeCount, rowOf } from "./graph_data.ts";
export {
  type GroupEdge,
  groupEdges,
  inputSizes,
  type ProfileGroups,
  profileGroups,
} from "./groups.ts";
export {
  cumulativeShares,
  cutValue,
  type GraphScores,
  graphScores,
  influence,
  pruneAt,
  type PrunedGraph,
  pruneGraph,
  type PruneOptions,
} from "./influence.ts";
export {
  cantorPair,
  cantorUnpair,
  checkSlug,
  type NamedGraph,
  neuronpediaGraph,
  type NeuronpediaInfo,
} from "./neuronpedia.ts";
export { type PlacedGraph, randomSubgraphScores, subgraphScores } from "./subgraph.ts";
