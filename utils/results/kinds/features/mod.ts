/** Circuits in features: at each checkpoint, the identity of features, how circuits formed, how well graphs predict. @module */
export {
  type FeatureRatings,
  featureRatings,
  RATING_FORMATS,
  type RatingItem,
  type RatingKey,
  ratingKey,
  type RatingStudy,
  SHADES,
  type Verdict,
  VERDICTS,
} from "./blind_ratings.ts";
export {
  type FeatureCircuitEntry,
  type FeatureCircuitHeader,
  featureCircuits,
} from "./circuits.ts";
export { type ExactGraphHeader, exactGraphHeader, GRAPH_FORMAT } from "./exact_graph.ts";
export {
  featureFormations,
  type FormationAnswers,
  type FormationEntry,
  type FormationHeader,
} from "./formation.ts";
export { GRAPH_DETAILS_FORMAT, type GraphDetails, graphDetails } from "./graph_details.ts";
export {
  type DashboardFeature,
  type DashboardHistogram,
  type DashboardLayer,
  type DashboardRule,
  type DashboardScore,
  type FeatureDashboards,
  featureDashboards,
  type FeatureDashboardsHeader,
} from "./dashboards.ts";
export {
  featureIdentities,
  type FeatureIdentityEntry,
  type FeatureIdentityHeader,
} from "./identity.ts";
export { type GraphJudgement, type GraphJudgementHeader, graphJudgements } from "./judgement.ts";
export {
  graphIndexSchema,
  type NeuronpediaGraph,
  type NeuronpediaNode,
  neuronpediaSchema,
  NODE_TYPES,
} from "./neuronpedia_graph.ts";
