/**
 * Coders over a model's training: settings, training at each checkpoint, what is written.
 * @module
 */
export type { Evaluate } from "./checkpoint_input.ts";
export { trainCoders, type TrainingHooks } from "./run.ts";
export { transcoderSchema, type TranscoderSettings } from "./settings.ts";
export * from "./sweep/mod.ts";
