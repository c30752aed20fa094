/**
 * The scores of heads that result files hold, by kind of file: where a checkpoint's entry has a score, what it is
 * called, and the scale on which it is drawn, the same at every checkpoint.
 */

/** One score of every head, `[L][H]` at each checkpoint. */
export interface HeadMeasure {
  /** its name on command lines */
  name: string;
  title: string;
  /** keys from the checkpoint's entry to the grid */
  path: string[];
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

const share = (name: string, title: string, ...path: string[]): HeadMeasure => ({
  name,
  title,
  path,
  factor: 1,
  unit: "",
  range: [0, 1],
  signed: false,
});

const percent = (name: string, title: string, ...path: string[]): HeadMeasure => ({
  ...share(name, title, ...path),
  unit: "%",
  range: [0, 100],
});

/** A stored fraction of the clean–corrupted difference, shown in percent. */
const effect = (name: string, title: string, ...path: string[]): HeadMeasure => ({
  ...percent(name, title, ...path),
  factor: 100,
  range: null,
  signed: true,
});

const logits = (name: string, title: string, ...path: string[]): HeadMeasure => ({
  ...share(name, title, ...path),
  unit: "logits",
  range: null,
  signed: true,
});

/** Of a circuit's heads alone, 0 for all others; drawn when asked for. */
const inCircuit = (measure: HeadMeasure): HeadMeasure => ({
  ...measure,
  name: `circuit_${measure.name}`,
  title: `${measure.title}, in the circuit`,
  detail: true,
});

const s2iChange = (name: string, title: string, quantity: string) =>
  inCircuit(effect(name, title, "s2i_scores", quantity, "token_same_pos_oppo"));

/** Format of a result file → the scores in it. */
export const HEAD_MEASURES: Record<string, HeadMeasure[]> = {
  "circuits-over-time/full_model_components/1": [
    share("previous_token", "Previous token", "tertiary_head_scores", "prev_token_scores"),
    share("duplicate_token", "Duplicate token", "tertiary_head_scores", "duplicate_token_scores"),
    share("induction", "Induction", "tertiary_head_scores", "induction_scores"),
    percent("copy", "Copy score", "copy_scores"),
    percent("negative_copy", "Negative copy score", "negative_copy_scores"),
    share("attention_io", "Attention to IO", "attention_to_names", "io"),
    share("attention_s1", "Attention to S1", "attention_to_names", "s1"),
    share("attention_s2", "Attention to S2", "attention_to_names", "s2"),
  ],
  "circuits-over-time/circuit_components/1": [
    inCircuit(percent("copy", "Copy score", "direct_effect_scores", "copy_scores")),
    inCircuit({
      ...effect("cspa", "CSPA", "direct_effect_scores", "copy_suppression_scores"),
      range: [-100, 100],
    }),
    inCircuit(share("induction", "Induction", "tertiary_head_scores", "induction_scores")),
    inCircuit(
      share("previous_token", "Previous token", "tertiary_head_scores", "prev_token_scores"),
    ),
    inCircuit(
      share("duplicate_token", "Duplicate token", "tertiary_head_scores", "duplicate_token_scores"),
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
  ],
  "circuits-over-time/successor_heads/1": [
    share("successor", "Successor", "corrected"),
    { ...share("successor_compat", "Successor, original lists", "compat"), detail: true },
  ],
  "circuits-over-time/cspa/1": [
    {
      ...effect("cspa", "Copy suppression (CSPA)", "scores"),
      range: [-100, 100],
    },
    {
      ...share("mean_ablation", "Divergence under mean ablation", "kl_ablated"),
      unit: "nats",
      range: null,
      detail: true,
    },
  ],
  "circuits-over-time/ioi_consistency/1": [
    effect("direct_effect", "Direct effect on logit difference", "effects", "direct"),
    effect("s2i_effect", "Effect through name movers’ queries", "effects", "s2i"),
    effect("tertiary_effect", "Effect through S2-inhibition values", "effects", "tertiary"),
  ],
  "circuits-over-time/self_repair/1": [
    logits("contribution", "Direct contribution to logit difference", "per_head_logit_diffs"),
    logits("repair", "Change after ablation of name movers", "per_head_logit_diff_delta"),
  ],
};

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

/** Returns the smallest and largest of 0 and the values. Also takes more values than Math.max takes arguments. */
export function extremes(values: readonly number[]): [low: number, high: number] {
  return values.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [0, 0]);
}

/** Appends the unit to the format of a value, for tooltips. */
export function withUnit(format: string, unit: HeadMeasure["unit"]): string {
  return unit === "" ? format : unit === "%" ? `${format} %` : `${format} ${unit}`;
}
