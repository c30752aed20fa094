/** What the feature explorer embeds in its page: one run per model, task and set of coders, and dashboards. Only types. */
import type { DashboardData } from "../dashboards/client/mod.ts";

/** A mean with its 95 % interval over prompts. */
export type Estimate = [mean: number, low: number, high: number];

/** One feature at one role, followed through its chain of matches; or the coders' error at a layer and role. */
export interface Slot {
  /** layer of the coder */
  layer: number;
  /** place in the run's `roles` */
  role: number;
  /** number at each checkpoint, null where no feature of the chain is there; null for the error */
  numbers: (number | null)[] | null;
  /** at each checkpoint, similarity with the checkpoint before, which made the match */
  similarities: (number | null)[];
  /** at each checkpoint, cosine of the decoder row with that of the checkpoint before; null where nothing was measured */
  cosines: (number | null)[];
  /** at each checkpoint, cosine of the decoder row with that at the last one; null where nothing was measured */
  lastCosines: (number | null)[] | null;
  /** at each checkpoint, share of the layer's activity; null for slots outside the last circuit */
  presence: (Estimate | null)[] | null;
  /** at each checkpoint, the largest inputs; null for slots outside the last circuit */
  inputs: SlotInput[][] | null;
}

/**
 * What feeds a feature, and its share of the target's input. The source is a place in the run's `slots`; what is in no circuit
 * is named by its layer (−1 for a token), its place in `roles`, and its number (null for the coders' error, −1 for a token).
 */
export type SlotInput = [
  source: number | [layer: number, role: number, feature: number | null],
  ...share: Estimate,
];

/** A node of a checkpoint's circuit. */
export interface RunNode {
  /** place in the run's `slots` */
  slot: number;
  /** on the metric */
  effect: Estimate;
}

/** An edge of a checkpoint's circuit. */
export interface RunEdge {
  /** place in the run's `slots` */
  source: number;
  /** place in the run's `slots`; −1 for the metric */
  target: number;
  /** share of the target's input */
  share: Estimate;
  /** place of the first checkpoint from which on every circuit has listed the edge */
  since: number;
  /** the share by heads; null where the results do not split it */
  split: EdgeSplit | null;
}

/** Parts of a mean share: what passes no head, and what each head moves to the target's position. */
export interface EdgeSplit {
  direct: number;
  /** layer, head, part, … largest first; small parts are left out */
  heads: number[];
}

/** Measures of a circuit. */
export interface Quality {
  /** metric of the circuit / metric of the whole model */
  faithfulness: number;
  /** (circuit − empty) / (whole model − empty) */
  normalized: number;
}

/** A checkpoint's circuit. */
export interface RunCircuit extends Quality {
  /** whether the threshold was passed */
  reached: boolean;
  /** features of equal frequency, of the largest size up to the circuit's; null without one */
  random: (Quality & { size: number }) | null;
  /** mean Jaccard similarity of the nodes over resampled prompts */
  stability: number | null;
  nodes: RunNode[];
  edges: RunEdge[];
}

/** What became of all features of the coders between a checkpoint and the one before. */
export interface Turnover {
  /** features that fire on the text */
  alive: number;
  /** null at the first checkpoint */
  kept: number | null;
  born: number | null;
  dead: number | null;
  /** mean over layers of the share of features that other sets have too, by set */
  reproduced: Record<string, number>;
}

/** A checkpoint of a run. */
export interface RunCheckpoint {
  step: number;
  /** digest of the coders; names the element with their dashboards */
  coders: string;
  /** of the whole model */
  metric: Estimate;
  /** share of prompts with a positive metric */
  accuracy: number;
  /** null where the model cannot do the task */
  circuit: RunCircuit | null;
  turnover: Turnover;
  /** fraction of variance unexplained by the coders, mean over layers; null where no evaluation was given */
  fvu: number | null;
}

/** An edge of the last circuit over training. */
export interface FormedEdge {
  source: number;
  target: number;
  /** mean share at each checkpoint, positive in the sign of the last one */
  series: number[];
  /** steps at which source, target and edge appear; null if one never does */
  appear: [source: number, target: number, edge: number] | null;
  /** checkpoints between the later of its features and the edge */
  lag: Estimate | null;
}

/** From one checkpoint to the next. */
export interface RunTransition {
  /** overlap of the inputs of kept features with their earlier ones */
  overlap: Estimate | null;
  /** the same for unchanged features */
  ceiling: number | null;
  /** the same with other features */
  floor: number | null;
  /** share of new edges between kept features */
  refinement: Estimate | null;
  /** the same by chance */
  chance: number | null;
}

/** A model's circuits of a task in one set of coders. */
export interface FeatureRun {
  model: string;
  task: string;
  set: string;
  metric: string;
  prompts: number;
  layers: number;
  roles: string[];
  /** faithfulness at which the search stops; null if unknown */
  threshold: number | null;
  /** smallest share of a listed edge, and the most edges listed; null if unknown */
  smallestShare: number | null;
  mostEdges: number | null;
  /** ascending */
  checkpoints: RunCheckpoint[];
  slots: Slot[];
  /** empty where there is no formation file */
  formed: FormedEdge[];
  /** by checkpoint; null at the first and where there is no formation file */
  transitions: (RunTransition | null)[];
}

/** What the page needs of a run before it is chosen. */
export interface RunName {
  model: string;
  task: string;
  set: string;
  /** title of the task */
  title: string;
}

/** Dashboards of the features of one checkpoint that the page shows. */
export interface CheckpointCards extends Omit<DashboardData, "vocabulary"> {
  /** id of the element with the texts of the tokens */
  words: string;
}
