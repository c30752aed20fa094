/**
 * Names of a transformer's nodes, edges and heads. The folder imports nothing, so that every floor and every web page can
 * use it.
 */
export * from "./nodes.ts";
export * from "./roles.ts";
