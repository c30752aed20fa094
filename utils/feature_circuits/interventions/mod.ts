/** Interventions on features: with the rest frozen, frozen in part, or free. @module */
export {
  ablated,
  type FeatureChange,
  type Intervention,
  type LayerChange,
  noChange,
} from "./change.ts";
export { type CleanPrompt, cleanPrompt } from "./clean_prompt.ts";
export { type Generated, generateIntervened, type GenerateOptions } from "./generate.ts";
export {
  type Frozen,
  intervene,
  interveneAll,
  type Intervened,
  type InterveneOptions,
} from "./intervene.ts";
