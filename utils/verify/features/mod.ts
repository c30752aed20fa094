/** Verification of attribution graphs and of paths between features. @module */
export { coderGraphRows, type GraphRow } from "./graph_quantities.ts";
export { featurePathRows } from "./path_quantities.ts";
