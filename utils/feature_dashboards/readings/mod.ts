/** Readings of features without a language model, held out. */
export { tokenVariance } from "./context_free.ts";
export { type Half, type Halves, halvesOf } from "./halves.ts";
export { type BaseCode, baseCode, keyGain } from "./information.ts";
export { BlockBootstrap, type Score } from "./intervals.ts";
export { KEY_NAMES, type KeyName, type Keys, sampleKeys } from "./keys.ts";
export {
  LABEL_KINDS,
  labelPredicates,
  type Predicate,
  type PredicateTable,
  TEXT_KINDS,
  textPredicates,
  tokenClass,
} from "./predicates.ts";
export {
  FeatureReader,
  LEAST_FIRINGS,
  READING_NAMES,
  type ReadingName,
  type Readings,
} from "./readings.ts";
export { type Rule, RuleFinder } from "./rules.ts";
