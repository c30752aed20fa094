/** Training of any objective: optimisers in parts, the loop over steps, state and log on the disk. Knows no model. */
export type { Block } from "./blocks.ts";
export {
  type Batches,
  fit,
  type FitOptions,
  type FitResult,
  type FittedRun,
  type Hook,
  type HookMoment,
} from "./fit.ts";
export { gradientsAt } from "./gradients_at.ts";
export { MatmulRate, type MatmulRateOptions } from "./matmul_rate.ts";
export type { BuiltObjective, NamedValues, Objective } from "./objective.ts";
export { type AdamSettings, scaleByAdam } from "./optimiser/mod.ts";
export { adamW, type AdamWSettings } from "./optimiser/mod.ts";
export { clipByGlobalNorm, type ClipOptions } from "./optimiser/mod.ts";
export { decayWeights } from "./optimiser/mod.ts";
export { learningRate, type LearningRateSettings } from "./optimiser/mod.ts";
export {
  chain,
  type Optimiser,
  type OptimiserPart,
  type PartInput,
  type PartOutput,
  scalarsOf,
  type Term,
  type Update,
} from "./optimiser/mod.ts";
export { scaleByRate } from "./optimiser/mod.ts";
export { tangentToRows, unitRows } from "./optimiser/mod.ts";
export { type Layout, layoutOf, type PlacedTensor, type TensorSpec, viewOf } from "./parameters.ts";
export { openRun, openRunWith, type Run, type RunOptions, type StepMaker } from "./run.ts";
export { checkState, initialState, type TrainingState } from "./state.ts";
export { readState } from "./state_file.ts";
export { buildStep, type Replaced, type StepGraph } from "./step_graph.ts";
export { type StepResult, Trainer } from "./trainer.ts";
export { type LogLine, TrainingLog } from "./training_log.ts";
