/**
 * Scores of edges by gradients along a path from corrupted to clean inputs (EAP, EAP-IG).
 * @module
 */
export {
  attribute,
  type Attribution,
  type AttributionOptions,
  defaultTokensPerPass,
  GRADIENT_METHODS,
} from "./attribution.ts";
export { EdgeContraction } from "./edge_contraction.ts";
export { QUADRATURES } from "./quadrature.ts";
export type { Pass } from "./pass_feeds.ts";
