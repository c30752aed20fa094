/**
 * The result file of the main experiment, `graphs/{model}/{task}/summary.json`. The explorer page and the circuit plots
 * need nothing else, so drawing opens no model and no full graph file.
 *
 * Node names are `input`, `a{layer}.h{head}`, `m{layer}`, `logits`. An edge into a head names the letter at which it
 * enters, `a3.h1<q>`, as in EAP-IG.
 */
import { z } from "zod";
import { UserError } from "../../base/mod.ts";
import { defineResult, type ResultKind } from "../kind.ts";

const curvePoint = z.object({
  /** number of edges requested */
  size: z.number(),
  /** number of edges left after pruning */
  edges: z.number(),
  /** mean metric of the circuit / mean metric of the whole model (the paper's) */
  faithfulness: z.number(),
  /** (circuit − corrupted) / (whole model − corrupted) (MIB's) */
  normalized: z.number(),
});

const completeness = z.object({
  /** sum of the scores out of `input`; mean over prompts */
  sum: z.number(),
  /** metric on clean minus metric on corrupted prompts; mean over prompts */
  change: z.number(),
  /**
   * error of the quadrature: mean over prompts of |sum − change|, in units of the mean |change|. Only for methods that
   * follow the input's path, and only if anything changes.
   */
  missing: z.number().optional(),
  /** mean number of path points per prompt, if each prompt has as many as it needs */
  points: z.number().optional(),
});

const circuitEdge = z.object({
  source: z.string(),
  target: z.string(),
  /** null for MLPs and logits */
  letter: z.enum(["q", "k", "v"]).nullable(),
  score: z.number(),
  /** 95 % bootstrap interval of the score over prompts, if the run asked for one */
  interval: z.tuple([z.number(), z.number()]).optional(),
});

const checkpoint = z.object({
  step: z.int().min(0),
  /** mean metric on clean prompts, whole model */
  baseline: z.number(),
  /** mean metric (clean answers) on corrupted prompts, whole model */
  corrupted: z.number(),
  /** whether the model does the task (`abilityOf`); entries from before this was judged lack it */
  ability: z.object({
    able: z.boolean(),
    /** 95 % interval of `baseline` over prompts */
    interval: z.tuple([z.number(), z.number()]),
    /** share of prompts with a positive metric */
    accuracy: z.number(),
    /** 95 % interval of baseline − corrupted over prompts */
    rise: z.tuple([z.number(), z.number()]),
  }).optional(),
  /** edges taken, before pruning: the size that the search chose, or top_n */
  size: z.number(),
  /** edges left after pruning */
  edges: z.number(),
  nodes: z.array(z.string()),
  circuit: z.array(circuitEdge),
  faithfulness: z.number(),
  normalized: z.number(),
  /** all evaluated sizes, ascending */
  curve: z.array(curvePoint),
  /** random circuits of the same sizes */
  random: z.array(curvePoint),
  /** areas of MIB over its ten sizes, if the run asked for them */
  cpr: z.number().optional(),
  cmd: z.number().optional(),
  completeness,
  /** mean Jaccard similarity between the circuit and circuits chosen from resampled prompts */
  stability: z.number().optional(),
});

const circuitChange = z.object({
  from: z.number(),
  to: z.number(),
  additions: z.number(),
  deletions: z.number(),
  edgeJaccard: z.number(),
  nodeJaccard: z.number(),
  weightedJaccard: z.number(),
  /** exponentially weighted moving average of 1 − weightedJaccard, α = 0.5; only in `toPrevious` */
  ewma: z.number().optional(),
});

/** What a run knows before its first checkpoint. */
const runHeader = z.object({
  model: z.string(),
  task: z.string(),
  metric: z.string(),
  /** example of a clean and a corrupted prompt, as text */
  example: z.object({
    clean: z.string(),
    corrupted: z.string(),
    correct: z.string(),
    wrong: z.string(),
  }),
  threshold: z.number(),
  method: z.string(),
  igSteps: z.number(),
  quadrature: z.string(),
  nPrompts: z.number(),
  shape: z.object({ nLayers: z.int(), nHeads: z.int(), parallel: z.boolean() }),
  nEdges: z.number(),
});

const changes = z.object({
  /** every checkpoint to the next */
  toPrevious: z.array(circuitChange),
  /** every checkpoint to the final one */
  toFinal: z.array(circuitChange),
});

/** What a run adds at its end; a summary of an unfinished run lacks it. */
const runEnd = z.object({
  failed: z.array(z.object({ step: z.number(), error: z.string() })),
  /** transfer[i][j]: faithfulness of the circuit of checkpoint i evaluated in the model of checkpoint j */
  transfer: z.object({ steps: z.array(z.number()), faithfulness: z.array(z.array(z.number())) })
    .optional(),
  /** roles of each head by step, e.g. {"1000": {"a2.h3": ["induction"]}}, from the files of the head scripts */
  roles: z.record(z.string(), z.record(z.string(), z.array(z.string()))).optional(),
});

/** One evaluated circuit size. */
export type CurvePoint = z.infer<typeof curvePoint>;

/** How much of a metric's change integrated gradients account for. */
export type Completeness = z.infer<typeof completeness>;

/** An edge of a circuit. */
export type CircuitEdge = z.infer<typeof circuitEdge>;

/** The circuit of one checkpoint, and how faithful it is. */
export type CheckpointSummary = z.infer<typeof checkpoint>;

/** Change between the circuits of two checkpoints. */
export type CircuitChange = z.infer<typeof circuitChange>;

/** Roles of heads: step → head name → roles. */
export type HeadRoles = NonNullable<z.infer<typeof runEnd>["roles"]>;

/** What a run knows before its first checkpoint. */
export type CircuitRunHeader = z.infer<typeof runHeader>;

/** What a run adds at its end. */
export type CircuitRunEnd = z.infer<typeof runEnd>;

/** What changes between checkpoints, derived from the entries whenever the file is written. */
export type CircuitChanges = z.infer<typeof changes>;

/** The whole file. */
export type CircuitSummary =
  & {
    format: string;
    /** the settings that determine the circuits, by their keys in a config */
    config?: Readonly<Record<string, unknown>>;
    checkpoints: CheckpointSummary[];
  }
  & CircuitRunHeader
  & CircuitChanges
  & CircuitRunEnd;

/** `graphs/{model}/{task}/summary.json`. */
export const circuitSummary: ResultKind<
  CircuitRunHeader & Partial<CircuitChanges & CircuitRunEnd>,
  CheckpointSummary,
  [task: string]
> = defineResult({
  format: "circuits-over-time/summary/1",
  madeBy: "get_circuits_over_time.ts",
  path: (paths, task: string) => paths.summary(task),
  header: runHeader.extend(changes.partial().shape).extend(runEnd.partial().shape),
  entry: checkpoint,
  layout: {
    write: (entries) => ({ checkpoints: [...entries.values()] }),
    read: ({ checkpoints }) =>
      Array.isArray(checkpoints)
        ? Object.fromEntries(checkpoints.map((c: CheckpointSummary | null) => [c?.step, c]))
        : undefined,
  },
});

/**
 * Reads a summary; that of an unfinished run has no failed checkpoints.
 * @throws UserError as `ResultKind.read` does.
 */
export async function readCircuitSummary(path: string): Promise<CircuitSummary> {
  const { header } = await circuitSummary.read(path);
  const content = header as CircuitSummary;
  const { toPrevious, toFinal } = content;
  if (!toPrevious || !toFinal) {
    throw new UserError(
      `${path}: expected toPrevious and toFinal, found ${
        toPrevious ? "no toFinal" : "no toPrevious"
      }; ` +
        `move it away, or make it again with ${circuitSummary.madeBy}`,
    );
  }
  return content.failed ? content : { ...content, failed: [] };
}
