/** Dashboards of features at checkpoints: settings, text, the run. @module */
export { dashboardsOverTime, openDashboards } from "./run.ts";
export { DASHBOARD_EXPORTS, dashboardSchema, type DashboardSettings } from "./settings.ts";
export { dashboardText, vocabularyOf } from "./text.ts";
