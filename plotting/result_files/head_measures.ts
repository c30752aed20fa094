/**
 * Lists the scores of heads in result files, by kind of file: each score's place in a checkpoint's entry, its name and
 * the scale for drawing it, the same at every checkpoint.
 */
import {
  type CircuitComponents,
  circuitComponentScores,
  copySuppression,
  type EntryOf,
  fullModelComponents,
  ioiConsistencies,
  type ReadableKind,
  selfRepairs,
  successorHeads,
} from "../../utils/results/mod.ts";

/** One score of every head, `[L][H]` at each checkpoint. */
export interface HeadMeasure<Entry = unknown> {
  /** its name on command lines */
  name: string;
  title: string;
  /** Returns the grid in a checkpoint's entry; null if there was nothing to measure. */
  grid(entry: Entry): number[][] | null;
  /** shown = stored × factor */
  factor: number;
  /** of the values shown */
  unit: "" | "%" | "logits" | "nats";
  /** natural range of the values shown; null if only the data can tell */
  range: [low: number, high: number] | null;
  /** whether both signs have a meaning; 0 is then the middle of the colour scale */
  signed: boolean;
  /** drawn only if requested by name */
  detail?: boolean;
}

type Grid<Entry> = HeadMeasure<Entry>["grid"];

const share = <Entry>(
  name: string,
  title: string,
  grid: Grid<Entry>,
): HeadMeasure<Entry> => ({
  name,
  title,
  grid,
  factor: 1,
  unit: "",
  range: [0, 1],
  signed: false,
});

const percent = <Entry>(
  name: string,
  title: string,
  grid: Grid<Entry>,
): HeadMeasure<Entry> => ({
  ...share(name, title, grid),
  unit: "%",
  range: [0, 100],
});

/** Returns the grid of an entry, and null where the model does not do the task that the score is measured on. */
const whereAble = <Entry extends { able?: boolean }>(grid: Grid<Entry>): Grid<Entry> => (entry) =>
  entry.able === false ? null : grid(entry);

/** Returns a measure stored as a fraction of the clean–corrupted difference and shown in percent. */
const effect = <Entry>(
  name: string,
  title: string,
  grid: Grid<Entry>,
): HeadMeasure<Entry> => ({
  ...percent(name, title, grid),
  factor: 100,
  range: null,
  signed: true,
});

const logits = <Entry>(
  name: string,
  title: string,
  grid: Grid<Entry>,
): HeadMeasure<Entry> => ({
  ...share(name, title, grid),
  unit: "logits",
  range: null,
  signed: true,
});

/** Returns the measure for a circuit's heads only (0 for all others), drawn only if requested. */
const inCircuit = <Entry>(measure: HeadMeasure<Entry>): HeadMeasure<Entry> => ({
  ...measure,
  name: `circuit_${measure.name}`,
  title: `${measure.title}, in the circuit`,
  detail: true,
});

const s2iChange = (name: string, title: string, quantity: keyof CircuitComponents["s2i_scores"]) =>
  inCircuit(
    effect(
      name,
      title,
      whereAble((e: CircuitComponents) => e.s2i_scores[quantity].token_same_pos_oppo ?? null),
    ),
  );

/** Pairs a kind of result file with the scores in its entries. */
function measured<Kind extends ReadableKind>(
  kind: Kind,
  measures: HeadMeasure<EntryOf<Kind>>[],
): { kind: Kind; measures: HeadMeasure[] } {
  // safe: a file's entries match its kind, so each accessor gets the entry that it expects
  return { kind, measures: measures as HeadMeasure[] };
}

const MEASURED = [
  measured(fullModelComponents, [
    share("previous_token", "Previous token", (e) => e.tertiary_head_scores.prev_token_scores),
    share(
      "duplicate_token",
      "Duplicate token",
      (e) => e.tertiary_head_scores.duplicate_token_scores,
    ),
    share("induction", "Induction", (e) => e.tertiary_head_scores.induction_scores),
    percent("copy", "Copy score", (e) => e.copy_scores),
    percent("negative_copy", "Negative copy score", (e) => e.negative_copy_scores),
    share("attention_io", "Attention to IO", (e) => e.attention_to_names.io),
    share("attention_s1", "Attention to S1", (e) => e.attention_to_names.s1),
    share("attention_s2", "Attention to S2", (e) => e.attention_to_names.s2),
  ]),
  measured(circuitComponentScores, [
    inCircuit(percent("copy", "Copy score", (e) => e.direct_effect_scores.copy_scores)),
    inCircuit({
      ...effect("cspa", "CSPA", (e) => e.direct_effect_scores.copy_suppression_scores),
      range: [-100, 100],
    }),
    inCircuit(share("induction", "Induction", (e) => e.tertiary_head_scores.induction_scores)),
    inCircuit(
      share("previous_token", "Previous token", (e) => e.tertiary_head_scores.prev_token_scores),
    ),
    inCircuit(
      share(
        "duplicate_token",
        "Duplicate token",
        (e) => e.tertiary_head_scores.duplicate_token_scores,
      ),
    ),
    s2iChange("s2i_logit_diff", "Logit difference without position signal", "logit_diff"),
    s2iChange(
      "s2i_io_attention",
      "Movers’ attention to IO without position signal",
      "io_attention",
    ),
    s2iChange(
      "s2i_s1_attention",
      "Movers’ attention to S1 without position signal",
      "s1_attention",
    ),
  ]),
  measured(successorHeads, [
    share("successor", "Successor", (e) => e.corrected),
    { ...share("successor_compat", "Successor, original lists", (e) => e.compat), detail: true },
  ]),
  measured(copySuppression, [
    {
      ...effect("cspa", "Copy suppression (CSPA)", (e) => e.scores),
      range: [-100, 100],
    },
    {
      ...share("mean_ablation", "Divergence under mean ablation", (e) => e.kl_ablated),
      unit: "nats",
      range: null,
      detail: true,
    },
  ]),
  measured(ioiConsistencies, [
    effect(
      "direct_effect",
      "Direct effect on logit difference",
      whereAble((e) => e.effects.direct),
    ),
    effect("s2i_effect", "Effect through name movers’ queries", whereAble((e) => e.effects.s2i)),
    effect(
      "tertiary_effect",
      "Effect through S2-inhibition values",
      whereAble((e) => e.effects.tertiary),
    ),
  ]),
  measured(selfRepairs, [
    logits(
      "contribution",
      "Direct contribution to logit difference",
      (e) => e.per_head_logit_diffs,
    ),
    logits("repair", "Change after ablation of name movers", (e) => e.per_head_logit_diff_delta),
  ]),
];

/** The kinds of result files that hold scores of heads. */
export const MEASURED_KINDS = MEASURED.map(({ kind }) => kind);

/** Format of a result file → the scores in it. */
export const HEAD_MEASURES: Record<string, HeadMeasure[]> = Object.fromEntries(
  MEASURED.map(({ kind, measures }) => [kind.format, measures]),
);

/** All names that command lines accept. */
export const MEASURE_NAMES = Object.values(HEAD_MEASURES).flat().map(({ name }) => name);

/**
 * Returns the range to draw values in: the natural range, or, without one or with `fit`, the smallest that covers all
 * values, symmetric for signed scores and from 0 for others.
 */
export function drawnRange(
  { range, signed }: Pick<HeadMeasure, "range" | "signed">,
  values: readonly number[],
  fit = false,
): [low: number, high: number] {
  if (range && !fit) return range;
  const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return [signed ? -size : 0, size];
}

/** Returns the smallest and largest of 0 and the values, which can be too many for the arguments of Math.max. */
export function extremes(values: readonly number[]): [low: number, high: number] {
  return values.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [0, 0]);
}

/** Appends the unit to the format of a value, for tooltips. */
export function withUnit(format: string, unit: HeadMeasure["unit"]): string {
  return unit === "" ? format : unit === "%" ? `${format} %` : `${format} ${unit}`;
}
