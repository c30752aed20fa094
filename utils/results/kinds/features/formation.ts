/**
 * How the last checkpoint's circuit of a task formed, `feature_circuits/{model}/{task}/{set}/formation.json`: at each checkpoint
 * the presence of its features and the inputs of those that are there; under `answers`, what follows from them.
 */
import { z } from "zod";
import { defineResult, type ResultKind } from "../../kind.ts";

const interval = z.tuple([z.number(), z.number()]);
const estimate = z.object({ mean: z.number(), interval });

const track = z.object({
  layer: z.int(),
  role: z.string(),
  /** number at each checkpoint of `steps`; −1 where it has no match yet */
  numbers: z.array(z.int()),
});

const input = z.object({
  layer: z.int(),
  role: z.string(),
  /** null for the error; −1 for a token, whose layer is −1 */
  feature: z.int().nullable(),
  /** share of the target's input on each prompt */
  shares: z.array(z.number()),
});

const entry = z.object({
  /** by track, presence on each prompt; empty where the feature is not there */
  presence: z.array(z.array(z.number())),
  /** by track, the largest inputs */
  inputs: z.array(z.array(input)),
  /** by track, cosine of the decoder row with that at the last checkpoint; null where the feature is not there */
  last_cosines: z.array(z.number().nullable()).optional(),
});

const lags = z.object({
  /** edges of the final circuit that have a lag */
  count: z.int(),
  /** mean lag of an edge after the later of its features */
  checkpoints: estimate,
  steps: estimate,
  /** share of the edges that appear after both features */
  last: estimate,
  /** share that appear with the later one */
  together: estimate,
  /** share of the edges that appear where the match of one of their features with the checkpoint before is missing */
  at_track_start: z.number(),
  /** mean lag in checkpoints under circular shifts */
  null: z.object({ mean: z.number(), interval, p: z.number() }),
});

const edge = z.object({
  /** tracks */
  source: z.int(),
  target: z.int(),
  /** mean share of the target's input at each checkpoint */
  series: z.array(z.number()),
  /** steps at which source, target and edge appear; null if one never does */
  appear: z.tuple([z.int(), z.int(), z.int()]).nullable(),
  /** lag in checkpoints, 95 % over prompts */
  lag: z.object({ mean: z.number(), interval }).nullable(),
});

const transition = z.object({
  from: z.int(),
  to: z.int(),
  /** inputs of kept features of the final circuit; null if none is kept */
  rewiring: z.object({
    features: z.int(),
    overlap: estimate,
    ceiling: z.number(),
    floor: z.number(),
    from_kept: estimate,
  }).nullable(),
  /** growth of the checkpoints' own circuits; null where one has none */
  growth: z.object({
    kept: z.int(),
    rewired: z.int(),
    recruited: z.int(),
    new_feature: z.int(),
    refinement: estimate.nullable(),
    null_refinement: estimate.nullable(),
  }).nullable(),
});

const answers = z.object({
  /** null if no edge has a lag */
  lags: lags.nullable(),
  edges: z.array(edge),
  transitions: z.array(transition),
});

const header = z.object({
  model: z.string(),
  task: z.string(),
  /** name of the set of coders */
  set: z.string(),
  steps: z.array(z.int()),
  /** features of the last checkpoint's circuit */
  tracks: z.array(track),
});

/** Presence and inputs at one checkpoint. */
export type FormationEntry = z.infer<typeof entry>;

/** What follows from all checkpoints. */
export type FormationAnswers = z.infer<typeof answers>;

/** Header of the file; a file of an unfinished run lacks the answers. */
export type FormationHeader = z.infer<typeof header> & { answers?: FormationAnswers };

/** `feature_circuits/{model}/{task}/{set}/formation.json`. */
export const featureFormations: ResultKind<
  FormationHeader,
  FormationEntry,
  [task: string, set?: string]
> = defineResult({
  format: "circuits-over-time/feature-formation/1",
  madeBy: "get_feature_circuits_over_time.ts",
  path: (paths, task, set) => paths.featureCircuits(task, set, "formation"),
  header: header.extend({ answers: answers.optional() }),
  entry,
});
