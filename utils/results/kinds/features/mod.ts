/** Circuits in features: at each checkpoint, the identity of features, how circuits formed, how well graphs predict. @module */
export {
  type FeatureCircuitEntry,
  type FeatureCircuitHeader,
  featureCircuits,
} from "./circuits.ts";
export {
  featureFormations,
  type FormationAnswers,
  type FormationEntry,
  type FormationHeader,
} from "./formation.ts";
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
