/**
 * Scores edges by gradients along a path from corrupted to clean inputs (EAP, EAP-IG).
 * @module
 */
export {
  attribute,
  type Attribution,
  type AttributionOptions,
  defaultTokensPerPass,
  GRADIENT_METHODS,
  type GradientMethod,
} from "./attribution.ts";
export { EdgeContraction, type EdgeSink } from "./edge_contraction.ts";
export type { MovingOutput } from "./ig/mod.ts";
export type { NodeScores } from "./node_scores.ts";
export type { Component, Pass } from "./pass_feeds.ts";
export {
  PATH_RULES,
  type PathPoint,
  type PathRule,
  type Quadrature,
  QUADRATURES,
} from "./quadrature.ts";
