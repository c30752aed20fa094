/**
 * Objectives, optimisers, schedules and start values that coders are trained with. `utils/training` makes the steps.
 *
 *     coderObjective(saelensTopK({ shape, k: 32, deadAfter: 1000 }))   losses and gradients of a step
 *     coderOptimiser({ rate: schedule("warmup_constant", …), clip: 1 })
 * @module
 */
export {
  type Activations,
  type ActivationSettings,
  batchThreshold,
  type Form,
  type Places,
} from "./activations/mod.ts";
export { type CoderBatch, coderObjective, type CoderObjectiveSettings } from "./coder_objective.ts";
export {
  auxK,
  type AuxKSettings,
  type Coefficient,
  type Dead,
  type DeadSettings,
  ghost,
  l0,
  l1,
  preAct,
  type Reconstruction,
  sparseConnection,
  type StepSoFar,
  type Term,
} from "./losses/mod.ts";
export type { Encoded } from "./encode.ts";
export { kernelsLack, KernelTrainer } from "./kernels/mod.ts";
export { coderOptimiser, type CoderOptimiserSettings } from "./optimiser.ts";
export { type PeerSettings, reluL1, saelensJumpRelu, saelensTopK, sparsifyTopK } from "./peers.ts";
export { schedule, SCHEDULE_NAMES, type ScheduleName, type ScheduleSettings } from "./schedules.ts";
export {
  type ResampledRow,
  resampleFeatures,
  type ResampleSettings,
  WeighedDraw,
} from "./resampling.ts";
export { carriedScales, type Scales, scalesOf, setScales, toScaled } from "./scales.ts";
export { coderParameters, type CoderShape } from "./shape.ts";
export {
  type BiasStart,
  biasStart,
  coderValues,
  geometricMedian,
  type MatrixStart,
  type MedianOptions,
  mlpValues,
  type Neurons,
  neuronsOf,
  type StartSettings,
  startValues,
} from "./start/mod.ts";
export { type TrainedCoder, trainedCoder } from "./trained_coder.ts";
