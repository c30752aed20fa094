/** Paths between features, and connections that do not depend on a prompt: transcoder_circuits' analyses. @module */
export { type ContributionOptions, topContributions } from "./contributions.ts";
export {
  choosePaths,
  type NodeFilter,
  parseFilter,
  parseFilters,
  type PathChoice,
  topEnds,
  type TopNode,
} from "./filters.ts";
export {
  directionRoot,
  featureRoot,
  type GreedyOptions,
  greedyPaths,
  type Path,
  PATH_CAPS,
  type PathCap,
  targetRoot,
} from "./greedy_paths.ts";
export {
  type NodeBalance,
  nodeBalances,
  overTokens,
  type PathEdge,
  type PathGraph,
  pathGraph,
} from "./path_graph.ts";
export {
  chainName,
  componentName,
  componentOf,
  type ComponentType,
  nodeName,
  type PathComponent,
  type PathNode,
  pathText,
  type Sublayer,
} from "./path_node.ts";
export { type PathRun, pathRun, type Received, received } from "./path_run.ts";
export {
  attentionsBelow,
  type ConnectedCoder,
  deEmbedding,
  featureVector,
  inContext,
  type InputGradient,
  type LayerOv,
  layerOv,
  meanInputGradients,
  ovNorms,
  pullback,
  throughOv,
  unscaledVector,
} from "./prompt_free.ts";
