/**
 * Features as nodes: the linearised run of a prompt, and its exact attribution graph.
 *
 *     linearRun         one pass with coders; keeps patterns, LayerNorm scales, activations, errors     linear_run.ts
 *     logitTargets, …   what is attributed: any vectors that read the stream                            targets.ts
 *     attributionGraph  all edges, biases included, at the rate of matrix products                      graph.ts
 *     conservation      every row adds up to its value                                                  conservation.ts
 *     influence, pruneGraph, graphScores                                                                influence.ts
 *     splitByHead       every edge into a target as direct + Σ heads                                   head_split.ts
 *     queryKeyScore     an attention score as a sum over pairs of nodes                                 query_key.ts
 *     graphRows         rows of any target at the level of the walk, for analyses of the caller's       graph.ts, walk.ts
 *
 * Contract:
 *
 *  - **Nodes** have numbers: features 0 … K − 1 in the order (layer, position, feature), errors K + layer·n + position, tokens
 *    K + L·n + position, targets after them. Influence, masks and pruned edges use these numbers.
 *  - **Edges** are a matrix `[K + T, columns]`, a row per feature, then per target. Its columns are features, errors, tokens (the
 *    same numbers), then bias nodes (`biases`). `Σ row = values[row]`, to rounding. An edge is what ablating the source in the
 *    frozen model takes from the target.
 *  - **Signs** are kept. Influence and pruning take absolute values, and leave biases out.
 *  - **Positions** count from 0. `ignore: [0]` treats position 0 as circuit-tracer does.
 *
 * ```ts ignore
 * const run = await linearRun(model, coders, tokens);
 * const graph = await attributionGraph(run, await logitTargets(run));
 * const { nodes, edges } = pruneGraph(graph);
 * ```
 * @module
 */
export {
  type ActiveFeatures,
  decoderRow,
  type LinearRun,
  linearRun,
  type LinearRunOptions,
  writesTo,
} from "./linear_run.ts";
export { type Reader, READER_POINTS, type Reading, readingAt, readStream } from "./reading.ts";
export type { LayerMaps } from "./layer_maps.ts";
export type { BiasNode, BiasOrigin, Sources, Written } from "./sources.ts";
export {
  featureTarget,
  type GraphTarget,
  headTargets,
  type LogitChoice,
  logitDifference,
  logitTargets,
  neuronTarget,
} from "./targets.ts";
export {
  type AttributionGraph,
  attributionGraph,
  type GraphOptions,
  type GraphRows,
  graphRows,
  nodeCount,
} from "./graph.ts";
export type { LeftOut } from "./capped.ts";
export type { Walk } from "./walk.ts";
export type { EdgeRows, WalkRow } from "./walk_rows.ts";
export { type Conservation, conservation } from "./conservation.ts";
export {
  cumulativeShares,
  type GraphScores,
  graphScores,
  influence,
  type PrunedGraph,
  pruneGraph,
  type PruneOptions,
} from "./influence.ts";
export { checkMemory, graphBytes } from "./memory.ts";
export { splitByHead, type SplitEdges } from "./head_split.ts";
export {
  type QueryKeyScore,
  queryKeyScore,
  type ScorePair,
  scorePair,
  strongestPairs,
} from "./query_key.ts";
