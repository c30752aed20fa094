/** Verification of attribution graphs, of interventions, and of paths between features. @module */
export { coderGraphRows } from "./graph_quantities.ts";
export { interventionRows } from "./intervention_quantities.ts";
export { featurePathRows } from "./path_quantities.ts";
export type { GraphRow } from "./row.ts";
