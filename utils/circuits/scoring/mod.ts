/**
 * Scores of edges by every method under one function, `edgeScores`: the gradient methods of `attribution`, exact scores
 * (one run per edge), and information-flow routes.
 */
export {
  EDGE_METHODS,
  type EdgeMethod,
  type EdgeScoreOptions,
  type EdgeScores,
  edgeScores,
} from "./edge_scores.ts";
export { type ExactOptions, type ExactScores, exactScores } from "./exact.ts";
export {
  type InformationFlow,
  type InformationFlowOptions,
  informationFlowRoutes,
} from "./information_flow.ts";
