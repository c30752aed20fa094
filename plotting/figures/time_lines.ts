/** Draws lines over training: the axis of tokens or steps, smoothing, colours of heads, labels at the ends of lines. */
import { ewma } from "../../utils/base/mod.ts";
import { tokensPerStep } from "./models.ts";
import { axesOf } from "./panels.ts";
import type { Trace } from "./figure.ts";

/** An axis over training. */
export interface TimeAxis {
  /** text below the axis */
  title: string;
  /** Returns the place of a model's step. */
  of(model: string, step: number): number;
}

/** Returns the axis of training tokens, or of steps. Both are logarithmic and cannot show step 0. */
export function timeAxis(steps = false): TimeAxis {
  return steps
    ? { title: "training step", of: (_, step) => step }
    : { title: "training tokens", of: (model, step) => step * tokensPerStep(model) };
}

/** Returns the exponentially weighted mean (α = 0.5) of values at successive checkpoints. */
export function smoothed(values: readonly number[]): number[] {
  return ewma(values, 0.5);
}

/** The look of smoothed lines, thinner than the data, for `lineKeys`. */
export const SMOOTHED = { name: "smoothed", width: 1, dash: "dash" };

/** Returns the line of the smoothed values; `null` is a gap, and smoothing starts again after it. */
export function smoothedLine(
  values: readonly (number | null)[],
  common: Trace,
  color: string,
): Trace {
  const y: (number | null)[] = [];
  let stretch: number[] = [];
  const end = () => {
    y.push(...smoothed(stretch));
    stretch = [];
  };
  for (const value of values) {
    if (value !== null) {
      stretch.push(value);
      continue;
    }
    end();
    y.push(null);
  }
  end();
  return {
    ...common,
    y,
    mode: "lines",
    line: { color, width: SMOOTHED.width, dash: SMOOTHED.dash },
    showlegend: false,
    hoverinfo: "skip",
  };
}

/** Colours that are distinct, and have a contrast of at least 3 : 1 on light and dark paper. */
export const HEAD_COLOURS: readonly string[] = [
  "#3f74b8",
  "#cc6a2c",
  "#3c9470",
  "#a8559a",
  "#a8791a",
  "#3a8fa8",
  "#96604a",
  "#7a78c2",
  "#c25468",
  "#7d9440",
];

/** Keeps a head's colour from panel to panel, unless another head of the panel already has that colour. */
export class HeadPalette {
  readonly #own = new Map<string, number>();

  /** Returns the colours of the heads of one panel, in the given order. */
  panel(heads: readonly string[]): string[] {
    const used = new Set<number>();
    const chosen = heads.map((head) => {
      const own = this.#own.get(head);
      if (own === undefined || used.has(own)) return undefined;
      used.add(own);
      return own;
    });
    return heads.map((head, i) => {
      let place = chosen[i];
      if (place === undefined) {
        place = this.#free(used);
        used.add(place);
        if (!this.#own.has(head)) this.#own.set(head, place);
      }
      return HEAD_COLOURS[place % HEAD_COLOURS.length];
    });
  }

  /** Returns a colour that the panel does not use, preferably one that no head has yet. */
  #free(used: ReadonlySet<number>): number {
    const taken = new Set(this.#own.values());
    const all = HEAD_COLOURS.map((_, i) => i);
    return all.find((i) => !used.has(i) && !taken.has(i)) ??
      all.find((i) => !used.has(i)) ?? used.size;
  }
}

/**
 * Returns places at least `gap` apart within low…high, as near to the wanted ones as possible (least squares, same
 * order). Shrinks the gap if there are too many. Method: isotonic regression of wanted[i] − i·gap by pooling adjacent
 * violators.
 */
export function spreadLabels(
  wanted: readonly number[],
  gap: number,
  low: number,
  high: number,
): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const step = Math.min(gap, (high - low) / Math.max(1, wanted.length - 1));
  const pools: { sum: number; count: number }[] = [];
  order.forEach((i, rank) => {
    pools.push({ sum: wanted[i] - rank * step, count: 1 });
    while (pools.length > 1) {
      const [a, b] = pools.slice(-2);
      if (a.sum / a.count <= b.sum / b.count) break;
      pools.splice(-2, 2, { sum: a.sum + b.sum, count: a.count + b.count });
    }
  });
  const placed = new Array<number>(wanted.length);
  const top = high - (wanted.length - 1) * step;
  let rank = 0;
  for (const { sum, count } of pools) {
    const base = Math.max(low, Math.min(top, sum / count));
    for (let k = 0; k < count; k++, rank++) placed[order[rank]] = base + rank * step;
  }
  return placed;
}

/** The label at the end of a line. */
export interface EndLabel {
  /** its text */
  text: string;
  /** colour of the line */
  colour: string;
  /** the line's last value */
  y: number;
}

/** Labels the ends of a panel's lines, right of `x`, without overlap. `lines` is how many labels fit a panel. */
export function endLabels(
  index: number,
  x: number,
  labels: readonly EndLabel[],
  [low, high]: readonly [number, number],
  lines = 16,
): Trace {
  const y = spreadLabels(labels.map((label) => label.y), (high - low) / lines, low, high);
  return {
    type: "scatter",
    mode: "text",
    x: labels.map(() => x),
    y,
    text: labels.map(({ text }) => `\u00a0\u00a0${text}`),
    textposition: "middle right",
    textfont: { size: 10.5, color: labels.map(({ colour }) => colour) },
    cliponaxis: false,
    hoverinfo: "skip",
    showlegend: false,
    ...axesOf(index),
  };
}

/** Returns the range of a log axis over all `x`, with room on the right for labels. */
export function logRange(x: readonly number[], room = 0.14): [number, number] {
  if (x.length === 0) return [0, 1];
  const low = Math.log10(Math.min(...x)), high = Math.log10(Math.max(...x));
  const span = high - low || 1;
  return [low - 0.02 * span, high + room * span];
}
