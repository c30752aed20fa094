/**
 * Chooses circuits by scores: the greedy, top-n and threshold selections of edges, selections of nodes and neurons, the
 * search for the smallest sufficient circuit, random circuits as a baseline, and how certain a choice is (bootstrap).
 */
export * from "./bootstrap.ts";
export * from "./mib.ts";
export * from "./node_selection.ts";
export * from "./random_circuit.ts";
export * from "./search.ts";
export * from "./selection.ts";
export type { AreaOptions } from "./mib.ts";
export type { Evaluate, SearchRange, SearchResult, SearchType } from "./search.ts";
export type { IntervalOptions, PromptScores, ResamplingOptions } from "./bootstrap.ts";
export type { NeuronCircuit } from "./node_selection.ts";
export type { SelectionOptions } from "./selection.ts";
