/**
 * Draws floors beside the arms of a sweep: lines across a panel for those that do not depend on the number of active
 * features, curves for real neurons and the random coder, labels at their ends.
 */
import type { EvaluatedArm, TranscoderSweep } from "../../utils/results/mod.ts";
import { NEUTRAL, spreadLabels, type Trace } from "../figures/mod.ts";

/** Colour of floors. */
export const GREY = NEUTRAL;
/** Labels that fit above each other in a panel. */
const LABELS = 20;
const LEVELS: Record<string, string> = {
  mean: "mean ablation",
  unigram: "unigram table",
  skip: "skip alone",
};
const CURVES: Record<string, { label: string; dash: string }> = {
  neurons: { label: "real neurons", dash: "dash" },
  random: { label: "random coder", dash: "dot" },
};

/** A panel: what it takes of an arm or a floor. */
export interface SweepPanel {
  /** text above the panel */
  title: string;
  /** Returns the place on the horizontal axis. */
  l0(standIn: EvaluatedArm): number;
  /** Returns the place on the vertical axis. */
  value(standIn: EvaluatedArm): number;
}

/** A label at the right end of a floor. */
export interface FloorLabel {
  /** name of the floor */
  text: string;
  /** right end of its line */
  x: number;
  /** value there */
  y: number;
}

/**
 * Returns the traces of the floors in a panel, and their labels. Leaves out points below a third of the lowest arm: with many
 * active neurons the MLP is nearly itself.
 */
export function floorTraces(
  { streams, arms }: TranscoderSweep,
  { l0, value }: SweepPanel,
  [left, right]: readonly [number, number],
  axes: Trace,
): { traces: Trace[]; labels: FloorLabel[] } {
  const values = arms.map(({ coders }) => value(coders)).filter((y) => y > 0);
  const lowest = values.length > 0 ? Math.min(...values) / 3 : 0;
  const traces: Trace[] = [];
  const labels: FloorLabel[] = [];
  const draw = (x: number[], y: number[], text: string, dash: string, mode = "lines") => {
    traces.push({
      type: "scatter",
      mode,
      x,
      y,
      line: { color: GREY, width: 1.2, dash },
      marker: { size: 3, color: GREY },
      hovertemplate: `${text}: %{y:.4g}<extra></extra>`,
      showlegend: false,
      ...axes,
    });
    labels.push({ text, x: x.at(-1)!, y: y.at(-1)! });
  };
  for (const [i, { floors, input, output }] of streams.entries()) {
    const of = (text: string) => i === 0 ? text : `${text}, ${input.replace("blocks.{l}.", "")}`;
    for (const [name, label] of Object.entries(LEVELS)) {
      // The best linear map from a value to itself is the identity.
      if (!floors[name] || name === "skip" && input === output) continue;
      const y = value(floors[name]);
      // A floor that another stream has too is drawn once.
      const same = labels.some((known) => Math.abs(Math.log(known.y / y)) < 0.01 && i > 0);
      if (y > lowest && !same) draw([left, right], [y, y], of(label), "dot");
    }
    for (const [name, { label, dash }] of Object.entries(CURVES)) {
      const found = arms.filter(({ stream, floors }) => stream === i && floors[name])
        .map(({ floors }) => [l0(floors[name]), value(floors[name])]).filter(([, y]) => y > lowest);
      // Of floors with the same L0, the strongest.
      const best = new Map<number, number>();
      for (const [x, y] of found) best.set(x, Math.min(y, best.get(x) ?? Infinity));
      const points = [...best].sort(([a], [b]) => a - b);
      if (points.length === 0) continue;
      draw(points.map(([x]) => x), points.map(([, y]) => y), of(label), dash, "lines+markers");
    }
  }
  return { traces, labels };
}

/**
 * Returns the trace of labels at the ends of floors, without overlap.
 * @param range of the vertical axis, log10
 */
export function floorLabels(
  labels: readonly FloorLabel[],
  range: readonly [number, number],
  axes: Trace,
): Trace {
  const [low, high] = range;
  const wanted = labels.map(({ y }) => Math.log10(y));
  return {
    type: "scatter",
    mode: "text",
    x: labels.map(({ x }) => x),
    y: spreadLabels(wanted, (high - low) / LABELS, low, high).map((at) => 10 ** at),
    text: labels.map(({ text }) => `\u00a0\u00a0${text}`),
    textposition: "middle right",
    textfont: { size: 10.5, color: GREY },
    cliponaxis: false,
    hoverinfo: "skip",
    showlegend: false,
    ...axes,
  };
}
