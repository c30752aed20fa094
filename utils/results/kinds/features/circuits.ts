/**
 * The circuit of a task in features at each checkpoint, `feature_circuits/{model}/{task}/{set}/circuits.json`. `set` is the name
 * of a set of coders. Roles are named in the header; the feature of an error node is null.
 */
import { z } from "zod";
import { defineResult, type ResultKind } from "../../kind.ts";

const interval = z.tuple([z.number(), z.number()]);

const point = z.object({
  /** number of nodes */
  size: z.int(),
  /** metric of the circuit / metric of the whole model */
  faithfulness: z.number(),
  /** (circuit − empty) / (whole model − empty) */
  normalized: z.number(),
});

const node = z.object({
  layer: z.int(),
  role: z.string(),
  /** null for the error */
  feature: z.int().nullable(),
  /** mean effect on the metric */
  effect: z.number(),
  /** 95 % over prompts */
  interval,
});

const edge = z.object({
  /** place in `nodes` */
  source: z.int(),
  /** place in `nodes`; null for the metric */
  target: z.int().nullable(),
  /** share of the target's input on each prompt */
  shares: z.array(z.number()),
  /** part of the mean share that passes no head; absent in files of versions that did not split edges */
  direct: z.number().optional(),
  /** layer, head, part of the mean share, … by the last head on the way; parts below 2 % of the sum of |parts| are left out */
  heads: z.array(z.number()).optional(),
});

const circuit = z.object({
  /** metric with all nodes ablated */
  empty: z.number(),
  /** whether the threshold was passed */
  reached: z.boolean(),
  faithfulness: z.number(),
  normalized: z.number(),
  nodes: z.array(node),
  /** edges between features of the circuit, and from them to the metric, largest share first */
  edges: z.array(edge),
  curve: z.array(point),
  /** features of equal frequency */
  random: z.array(point),
  /** mean Jaccard similarity of the nodes over resampled prompts */
  stability: z.number().optional(),
});

const entry = z.object({
  /** mean metric of the whole model */
  metric: z.number(),
  /** 95 % over prompts */
  interval,
  /** share of prompts with a positive metric */
  accuracy: z.number(),
  /** digest of the coders */
  coders_digest: z.string(),
  /** null where the model cannot do the task */
  circuit: circuit.nullable(),
});

const header = z.object({
  model: z.string(),
  task: z.string(),
  /** name of the set of coders */
  set: z.string(),
  metric: z.string(),
  /** roles of positions, in order */
  roles: z.array(z.string()),
  n_prompts: z.int(),
});

/** A feature circuit of one checkpoint. */
export type FeatureCircuitEntry = z.infer<typeof entry>;

/** Header of the file. */
export type FeatureCircuitHeader = z.infer<typeof header>;

/** `feature_circuits/{model}/{task}/{set}/circuits.json`. */
export const featureCircuits: ResultKind<
  FeatureCircuitHeader,
  FeatureCircuitEntry,
  [task: string, set?: string]
> = defineResult({
  format: "circuits-over-time/feature-circuits/1",
  madeBy: "get_feature_circuits_over_time.ts",
  path: (paths, task, set) => paths.featureCircuits(task, set, "circuits"),
  header,
  entry,
});
