/** Training a language model from scratch: objective, initial weights, checkpoints, and the suite's record. */
export { neoxConfigJson } from "./checkpoint_writer.ts";
export { runTraining } from "./run.ts";
export { type TrainingConfig, trainingSchema } from "./settings.ts";
