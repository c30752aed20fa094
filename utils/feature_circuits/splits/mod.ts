/** What attention does in a graph: edges by head, scores by pairs of nodes. @module */
export { splitByHead, type SplitEdges } from "./head_split.ts";
export {
  type QueryKeyScore,
  queryKeyScore,
  type ScorePair,
  scorePair,
  strongestPairs,
} from "./query_key.ts";
