/** The page of dashboards, and what other pages need to show a feature's card. `client/mod.ts` runs inside pages. @module */
export {
  buildDashboards,
  DASHBOARD_STYLES,
  dashboardData,
  pickFeatures,
  type StoredDashboards,
} from "./page.ts";
