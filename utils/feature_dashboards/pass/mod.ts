/** One pass over text: examples, histograms and firings of all features in bounded memory. */
export {
  type DashboardText,
  type SampledRow,
  sampleText,
  type TextSample,
} from "./dashboard_text.ts";
export {
  type Example,
  ExampleKeeper,
  type ExampleOptions,
  type RowActivations,
} from "./examples.ts";
export { FiringCollector, type Firings } from "./firings.ts";
export { ActivationMoments, BINS } from "./moments.ts";
export { type CoderPass, floorCoders, type PassOptions, textPass } from "./text_pass.ts";
