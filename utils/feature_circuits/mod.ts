/**
 * Features as nodes: the linearised run of a prompt, and its exact attribution graph.
 *
 *     linearRun         one pass with coders; keeps patterns, LayerNorm scales, activations, errors     linear/
 *     logitTargets, …   what is attributed: any vectors that read the stream                            graph/
 *     attributionGraph  all edges, biases included, at the rate of matrix products                      graph/
 *     conservation      every row adds up to its value                                                  graph/
 *     influence, pruneGraph, graphScores                                                                graph/
 *     splitByHead       every edge into a target as direct + Σ heads                                   splits/
 *     queryKeyScore     an attention score as a sum over pairs of nodes                                 splits/
 *     intervene         the model with features changed, the rest frozen, frozen in part, or free       interventions/
 *     judgePrompt       how well a graph predicts ablations, and what its pruned form is worth          judging/
 *     taskValues, chooseFeatures, edgeShares
 *                       the circuit of a task, over its prompts, by roles                               tasks/
 *     textProfiles, compareFeatures, turnoverOf, trackBack
 *                       the identity of features over checkpoints                                       identity/
 *     edgeLags, rewiringOf, growthOf
 *                       how circuits form over checkpoints                                              formation/
 *     writeGraph, readGraph, neuronpediaGraph
 *                       graphs in files: exactly, and for Neuronpedia                                   files/
 *     pathRun, featureRoot, greedyPaths, pathGraph, nodeBalances
 *                       paths to a feature, what a graph of them leaves out                             paths/
 *     pullback, deEmbedding, ovNorms, meanInputGradients
 *                       connections that do not depend on a prompt                                      paths/
 *     graphRows         rows of any target at the level of the walk, for analyses of the caller's       graph/, linear/
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
  type BiasNode,
  type BiasOrigin,
  decoderRow,
  type EdgeRows,
  type LayerMaps,
  type LinearRun,
  linearRun,
  type LinearRunOptions,
  type Reader,
  READER_POINTS,
  type Reading,
  readingAt,
  readStream,
  type Sources,
  type Walk,
  type WalkRow,
  writesTo,
  type Written,
} from "./linear/mod.ts";
export * from "./files/mod.ts";
export * from "./graph/mod.ts";
export * from "./interventions/mod.ts";
export * from "./judging/mod.ts";
export * from "./paths/mod.ts";
export * from "./splits/mod.ts";
export * from "./tasks/mod.ts";
export * from "./identity/mod.ts";
export * from "./formation/mod.ts";
