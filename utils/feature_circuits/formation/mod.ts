/** How circuits form over checkpoints: appearances, lags, rewiring, growth. @module */
export { appearance, LEVEL, meansOf, type PromptSeries } from "./appearance.ts";
export {
  type CircuitAt,
  type CircuitEdgeShares,
  EDGE_CLASSES,
  type Growth,
  growthOf,
  type LayerIdentity,
  type PlacedFeature,
} from "./growth.ts";
export {
  type CircuitLags,
  type EdgeLag,
  edgeLags,
  type EdgeSeries,
  type Estimate,
  type LagOptions,
} from "./lags.ts";
export { type Inputs, type KeptTarget, overlapOf, type Rewiring, rewiringOf } from "./rewiring.ts";
