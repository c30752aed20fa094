/**
 * The result file of the main experiment, `graphs/{model}/{task}/summary.json`: everything the explorer page and the
 * circuit plots need, so that drawing never opens a model or a full graph file.
 *
 * Node names are `input`, `a{layer}.h{head}`, `m{layer}`, `logits`; an edge into a head names the letter it enters by,
 * `a3.h1<q>`, as in EAP-IG.
 */

/** One evaluated circuit size. `size` is the number of edges asked for, `edges` what is left after pruning. */
export interface CurvePoint {
  size: number;
  edges: number;
  /** mean metric of the circuit / mean metric of the whole model (the paper's) */
  faithfulness: number;
  /** (circuit − corrupted) / (whole model − corrupted) (MIB's) */
  normalized: number;
}

/** How much of a metric's change integrated gradients account for. */
export interface Completeness {
  /** scores out of `input`, added up; mean over prompts */
  sum: number;
  /** metric on clean minus metric on corrupted prompts; mean over prompts */
  change: number;
  /**
   * error of the quadrature: mean over prompts of |sum − change| in units of the mean |change|. Only of methods that
   * follow the input's path, and if anything changes.
   */
  missing?: number;
}

/** An in-circuit edge: source node, destination node, letter (null for MLPs and logits), score. */
export interface CircuitEdge {
  source: string;
  target: string;
  letter: "q" | "k" | "v" | null;
  score: number;
  /** 95 % bootstrap interval of the score over prompts, when the run asked for one */
  interval?: [number, number];
}

export interface CheckpointSummary {
  step: number;
  /** mean metric on clean prompts, whole model */
  baseline: number;
  /** mean metric (clean answers) on corrupted prompts, whole model */
  corrupted: number;
  /** nominal size chosen by the search (or top_n) */
  size: number;
  edges: number;
  nodes: string[];
  circuit: CircuitEdge[];
  faithfulness: number;
  normalized: number;
  /** all evaluated sizes, ascending */
  curve: CurvePoint[];
  /** random circuits of the same sizes */
  random: CurvePoint[];
  /** areas of MIB over its ten sizes; absent if not asked for */
  cpr?: number;
  cmd?: number;
  /** scores out of `input` along the path against the change of the metric */
  completeness: Completeness;
  /** mean Jaccard between the circuit and circuits chosen from resampled prompts */
  stability?: number;
}

/** Change between two checkpoints' circuits. */
export interface CircuitChange {
  from: number;
  to: number;
  additions: number;
  deletions: number;
  edgeJaccard: number;
  nodeJaccard: number;
  weightedJaccard: number;
  /** exponentially weighted moving average of 1 − weightedJaccard, α = 0.5 (to the previous checkpoint only) */
  ewma?: number;
}

export interface CircuitSummary {
  format: "circuits-over-time/summary/1";
  model: string;
  task: string;
  metric: string;
  /** human-readable example of a clean and a corrupted prompt */
  example: { clean: string; corrupted: string; correct: string; wrong: string };
  shape: { nLayers: number; nHeads: number; parallel: boolean };
  nEdges: number;
  threshold: number;
  method: string;
  igSteps: number;
  quadrature: string;
  nPrompts: number;
  checkpoints: CheckpointSummary[];
  failed: { step: number; error: string }[];
  /** to the previous checkpoint, and every checkpoint to the final one */
  toPrevious: CircuitChange[];
  toFinal: CircuitChange[];
  /** transfer[i][j]: faithfulness of the circuit of checkpoint i evaluated in the model of checkpoint j */
  transfer?: { steps: number[]; faithfulness: number[][] };
  /** roles each head meets at a step, e.g. {"1000": {"a2.h3": ["induction"]}}, merged from the head scripts when present */
  roles?: Record<string, Record<string, string[]>>;
}
