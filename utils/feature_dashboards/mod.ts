/**
 * Dashboards of features: what all features of a model's coders fire on, write and read, and what can be said about them without
 * a language model.
 *
 *     makeDashboards     all of it, in one pass over text                                 dashboards.ts
 *     textPass           examples, histograms and firings of all coders at once           pass/
 *     FeatureReader      information, rules, labels, context-free share; held out         readings/
 *     connections        logits, de-embeddings, inputs, heads, similar features           weights/
 *     randomCoder        the floor of every reading                                       random_coder.ts
 *     circuitTracerFeatures, neuronpediaBatches
 *                        files for circuit-tracer's viewer and for Neuronpedia            files/
 *     drawStudy, scoreRatings
 *                        blind comparison of kinds of coders by people                    blind/
 *
 * A feature fires where its activation is positive. Rows number the text from 0; positions count from the row's start.
 * @module
 */
export { type DashboardOptions, makeDashboards } from "./dashboards.ts";
export { type Estimate, estimateDashboards } from "./estimate.ts";
export { randomCoder } from "./random_coder.ts";
export * from "./pass/mod.ts";
export * from "./readings/mod.ts";
export * from "./weights/mod.ts";
export * from "./files/mod.ts";
export * from "./blind/mod.ts";
