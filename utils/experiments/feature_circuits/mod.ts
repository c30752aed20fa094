/** Circuits in features over training: settings, sets of coders, the run, its tables. @module */
export { atCoderSteps, type CoderSet, coderSets, stepsOf } from "./coder_sets.ts";
export { type FeatureCircuitConfig, featureCircuitSchema } from "./settings.ts";
export {
  type FeatureCircuitResults,
  featureCircuitsOverTime,
  planFeatureCircuits,
  type SetResults,
} from "./run.ts";
export { printFeatureCircuits } from "./tables.ts";
