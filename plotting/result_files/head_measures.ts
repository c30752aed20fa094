/**
 * The scores of heads that result files hold, by kind of file: where a checkpoint's entry has a score, what it is called,
 * and the scale on which it is drawn, the same at every checkpoint.
 */
import type { ReadableKind } from "../../utils/results/find.ts";
import type { EntryOf } from "../../utils/results/kind.ts";
import {
  type CircuitComponents,
  circuitComponentScores,
} from "../../utils/results/kinds/circuit_components.ts";
import { copySuppression } from "../../utils/results/kinds/cspa.ts";
import { fullModelComponents } from "../../utils/results/kinds/full_model_components.ts";
import { ioiConsistencies } from "../../utils/results/kinds/ioi_consistency.ts";
import { selfRepairs } from "../../utils/results/kinds/self_repair.ts";
import { successorHeads } from "../../utils/results/kinds/successor_heads.ts";

/** One score of every head, `[L][H]` at each checkpoint. */
export interface HeadMeasure<Entry = unknown> {
  /** as on command lines */
  name: string;
  title: string;
  /** Returns the grid in a checkpoint's entry; null if there was nothing to measure. */
  grid(entry: Entry): number[][] | null;
  /** shown = stored × factor */
  factor: number;
  /** of the values shown */
  unit: "" | "%" | "logits" | "nats";
  /** natural range of the values shown; null where only the data know it */
  range: [low: number, high: number] | null;
  /** both signs mean something: 0 is the middle of the colours */
  signed: boolean;
  /** only drawn when asked for by name */
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

/** A stored fraction of the clean–corrupted difference, shown in percent. */
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

/** Of a circuit's heads alone, 0 for all others; drawn when asked for. */
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
      (e: CircuitComponents) => e.s2i_scores[quantity].token_same_pos_oppo ?? null,
    ),
  );

/** The scores that the entries of a kind hold. */
function measured<Kind extends ReadableKind>(
  kind: Kind,
  measures: HeadMeasure<EntryOf<Kind>>[],
): { kind: Kind; measures: HeadMeasure[] } {
  // a file's entries fit its kind, so an accessor gets the entry it expects
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
    effect("direct_effect", "Direct effect on logit difference", (e) => e.effects.direct),
    effect("s2i_effect", "Effect through name movers’ queries", (e) => e.effects.s2i),
    effect("tertiary_effect", "Effect through S2-inhibition values", (e) => e.effects.tertiary),
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

/** All names a command line may use. */
export const MEASURE_NAMES = Object.values(HEAD_MEASURES).flat().map(({ name }) => name);

/**
 * The range to draw values in: the natural one, or, without one or with `fit`, the smallest that holds all values,
 * symmetric for signed scores and from 0 for others.
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

/** Smallest and largest of 0 and the values, of which there may be too many for arguments of Math.max. */
export function extremes(values: readonly number[]): [low: number, high: number] {
  return values.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [0, 0]);
}

/** Text of a value in its unit, for labels under the pointer. */
export function withUnit(format: string, unit: HeadMeasure["unit"]): string {
  return unit === "" ? format : unit === "%" ? `${format} %` : `${format} ${unit}`;
}
