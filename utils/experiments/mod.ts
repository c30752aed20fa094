/**
 * The frame of the experiments over training, the main experiment (`circuits/`), and what scripts on the indirect-object
 * circuit share.
 */
export { bosKey, type BosSettings, promptTokenizer, recordedBos } from "./bos.ts";
export { type CheckpointLoop, forEachCheckpoint, type LoopResult } from "./checkpoint_loop.ts";
export type { CheckpointRun, RunFile } from "./checkpoint_run.ts";
export {
  type Experiment,
  type ExperimentOptions,
  type ExperimentParts,
  type ExperimentSettings,
  openExperiment,
  type ResultsOptions,
} from "./experiment.ts";
export {
  type CspaFound,
  cspaKeys,
  type CspaSettings,
  cspaSource,
  type IoiPrompts,
  ioiPrompts,
  promptKeys,
  randomTokens,
  RECORDED_PROMPTS,
  repeatKeys,
  repeatSettings,
} from "./ioi_setup.ts";
export { modelKeys, type ModelSchedule, type ModelSettings } from "./model_keys.ts";
export { type ModelRef, resultPaths } from "./model_ref.ts";
export { parseShard, type Shard, shardKey, shardOf, shardText } from "./shard.ts";
export type { Estimate, Estimator } from "./estimate/mod.ts";
export * from "./circuits/mod.ts";
export * from "./feature_graphs/mod.ts";
export * from "./transcoders/mod.ts";
export * from "./feature_circuits/mod.ts";
export * from "./dashboards/mod.ts";
