/** Scripts on the features of one checkpoint: attribution graphs of prompts, paths between features. @module */
export { graphFolder, type MadeGraph, makeGraph, namedPrompts } from "./attribution_graphs.ts";
export {
  type Connection,
  type ConnectionEntry,
  type ConnectionModel,
  deEmbeddings,
  extremes,
  headNorms,
  meanConnections,
  pullbacks,
} from "./connections.ts";
export { printConnection, printNorms, printPaths } from "./path_report.ts";
export {
  featurePathSchema,
  type FeaturePathSettings,
  PATH_ANALYSES,
  PATH_ROOTS,
} from "./path_settings.ts";
export { pathsJson, type PromptPaths, promptPaths } from "./prompt_paths.ts";
export { type FeatureModel, openFeatureModel } from "./feature_model.ts";
export {
  errorShares,
  graphWarnings,
  type JudgedGraph,
  nodeLabel,
  pathLines,
  type PromptOutcome,
  promptOutcome,
} from "./graph_report.ts";
export {
  attributionGraphSchema,
  type AttributionGraphSettings,
  GRAPH_TARGETS,
} from "./graph_settings.ts";
export { graphTargets } from "./graph_targets.ts";
export { answerToken, type FeaturePrompt, featurePrompts, tokenText } from "./prompts.ts";
export {
  DEFAULT_CODERS,
  featureModelKeys,
  type FeatureModelSettings,
  featurePromptKeys,
  type FeaturePromptSettings,
} from "./settings.ts";
