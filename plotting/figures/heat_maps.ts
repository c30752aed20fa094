/** Makes the parts of heat maps: colours, axes with square cells, sliders over checkpoints. */
import { axesOf, type Panel } from "./panels.ts";
import type { Trace } from "./figure.ts";

type ColourScale = [at: number, colour: string][];

const evenly = (colours: string[]): ColourScale =>
  colours.map((colour, i) => [i / (colours.length - 1), colour]);

/** Red for negative, blue for positive (ColorBrewer's RdBu), the field's convention for effects. */
export const RED_BLUE = evenly([
  "#67001f",
  "#b2182b",
  "#d6604d",
  "#f4a582",
  "#fddbc7",
  "#f2f2f1",
  "#d1e5f0",
  "#92c5de",
  "#4393c3",
  "#2166ac",
  "#053061",
]);

/** Pale grey to dark blue, for scores that start at 0. */
export const PAPER_BLUE = evenly([
  "#eceeec",
  "#d9e4ec",
  "#acc8dd",
  "#74a4c9",
  "#3f7cb0",
  "#1f568c",
  "#0c2f57",
]);

/** Returns a colour scale that panels share, for `layout.coloraxis…`. */
export function colourAxis(
  [low, high]: readonly [number, number],
  options: {
    signed: boolean;
    unit: string;
    title?: string;
    /** the bar's middle and length as fractions of the figure's height; its left edge as a fraction of the width */
    at?: { x: number; y: number; length: number };
    /** whether the axis has a bar; default true */
    bar?: boolean;
  },
): Record<string, unknown> {
  const { x = 1.01, y = 0.5, length = 0.8 } = options.at ?? {};
  return {
    colorscale: options.signed ? RED_BLUE : PAPER_BLUE,
    cmin: low,
    cmax: high,
    showscale: options.bar ?? true,
    colorbar: {
      x,
      y,
      len: length,
      thickness: 9,
      ypad: 0,
      outlinewidth: 0,
      nticks: 5,
      tickfont: { size: 10 },
      ticksuffix: options.unit === "%" ? " %" : "",
      title: { text: options.title ?? (options.unit === "%" ? "" : options.unit), side: "right" },
    },
  };
}

/** Returns the name of the i-th colour axis, in traces and as a key of the layout. */
export const colourAxisName = (index: number): string => `coloraxis${index === 0 ? "" : index + 1}`;

/** Returns a heat map of rows × columns in the i-th panel; cells without a value stay empty. */
export function heatTrace(
  index: number,
  z: (number | null)[][],
  coloraxis: string,
  more: Trace = {},
): Trace {
  const gap = z.length > 40 ? 0 : 1;
  return {
    type: "heatmap",
    z,
    coloraxis,
    xgap: gap,
    ygap: gap,
    hoverongaps: false,
    ...axesOf(index),
    ...more,
  };
}

/** Returns the axes of a layer × head panel: layer 0 at the bottom, square cells. */
export function headAxes(
  index: number,
  { nLayers, nHeads }: { nLayers: number; nHeads: number },
  named: { x: boolean; y: boolean },
): Pick<Panel, "x" | "y" | "xTitle" | "yTitle"> {
  const every = (n: number) => n > 16 ? 4 : n > 8 ? 2 : 1;
  const common = { type: "linear", showline: false, ticks: "", showgrid: false, zeroline: false };
  return {
    xTitle: named.x ? "head" : "",
    yTitle: named.y ? "layer" : "",
    x: { ...common, dtick: every(nHeads), range: [-0.5, nHeads - 0.5], constrain: "domain" },
    y: {
      ...common,
      dtick: every(nLayers),
      range: [-0.5, nLayers - 0.5],
      scaleanchor: axesOf(index).xaxis,
      constrain: "domain",
      constraintoward: "top",
    },
  };
}

/** One position of a slider. */
export interface SliderStep {
  /** the slider's label at this position */
  label: string;
  /** new values by attribute, each a list with one item per trace in `traces` */
  change: Record<string, unknown[]>;
}

/** Returns a slider under the figure that changes values of `traces`. It starts at its last step. */
export function slider(
  steps: readonly SliderStep[],
  traces: number[],
  prefix = "step ",
): Record<string, unknown> {
  return {
    active: steps.length - 1,
    x: 0,
    y: 0,
    yanchor: "top",
    len: 1,
    pad: { t: 56, b: 8 },
    currentvalue: { prefix, xanchor: "left", font: { size: 14 } },
    bgcolor: "rgba(140,146,153,0.25)",
    activebgcolor: "#3f7cb0",
    bordercolor: "rgba(140,146,153,0.5)",
    borderwidth: 1,
    ticklen: 4,
    minorticklen: 2,
    font: { size: 10 },
    steps: steps.map(({ label, change }) => ({
      label,
      method: "restyle",
      args: [change, traces],
    })),
  };
}
