/** Verification of attribution graphs and of paths between features. @module */
export { coderGraphRows } from "./graph_quantities.ts";
export { featurePathRows } from "./path_quantities.ts";
export type { GraphRow } from "./row.ts";
