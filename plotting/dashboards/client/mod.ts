/**
 * The dashboard of a feature for any page: `renderFeature` draws it, `DashboardData` is what the page embeds.
 *
 * 1. When the page is built, embed `pickFeatures(…)` of `plotting/dashboards`, whole or only the features that it shows.
 * 2. List `DASHBOARD_STYLES.card` after the kit's `theme`, `palette` and `base`.
 * 3. In the page: `renderFeature(panel, { layer: 2, id: 17 }, embedded<DashboardData>("dashboards"), { onFeature })`.
 * @module
 */
export {
  type DashboardData,
  type FeatureName,
  findFeature,
  type FoundFeature,
  READING_ORDER,
  READINGS,
  shownToken,
  tokenText,
} from "./dashboard_data.ts";
export { decimal } from "./card_charts.ts";
export { type CardOptions, peakTokens, renderFeature } from "./feature_card.ts";
export { rulePieces, ruleText } from "./rules.ts";
export { exampleLine, type ExampleText, showTokenOf, tokenChip } from "./tokens.ts";
