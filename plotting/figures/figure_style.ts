/** What the figures have in common: colours and sizes of models, names of tasks, grids of panels, smoothing. */

import nano from "../../models/pythia-nano/TRAINING.json" with { type: "json" };
import { PYTHIA_TOKENS_PER_STEP } from "../../utils/experiment/schedules.ts";

/** Colour of each model in the figures of the training-and-scale paper, smallest model first. */
const MODEL_COLOURS: [string, string][] = [
  ["pythia-nano", "#7d8793"],
  ["pythia-14m", "#d9a7c7"],
  ["pythia-31m", "#c9b48b"],
  ["pythia-70m", "#EE908D"],
  ["pythia-160m", "#F8D592"],
  ["gpt2", "#6f9bd1"],
  ["pythia-410m", "#B2B4D9"],
  ["pythia-1b", "#8F948D"],
  ["pythia-1.4b", "#A7C2D0"],
  ["pythia-2.8b", "#8CD9AF"],
  ["pythia-6.9b", "#BF8271"],
  ["pythia-12b", "#B46F90"],
];

/** Parameters of each model, embeddings included, as their authors publish them. */
export const PARAMETERS: Record<string, number> = {
  "pythia-nano": nano.parameters,
  "pythia-14m": 14_067_712,
  "pythia-31m": 30_494_720,
  "pythia-70m": 70_426_624,
  "pythia-160m": 162_322_944,
  "gpt2": 124_439_808,
  "pythia-410m": 405_334_016,
  "pythia-1b": 1_011_781_632,
  "pythia-1.4b": 1_414_647_808,
  "pythia-2.8b": 2_775_208_960,
  "pythia-6.9b": 6_857_302_016,
  "pythia-12b": 11_846_072_320,
};

/** Tokens in one training step of a model: pythia-nano's own, and what Pythia has for all others. */
export function tokensPerStep(model: string): number {
  const { batch_size, context } = nano.config;
  return baseModel(model) === "pythia-nano" ? batch_size * context : PYTHIA_TOKENS_PER_STEP;
}

/** The model a variant such as `pythia-160m-seed1` is trained like; the name itself when it is none of the known. */
export function baseModel(model: string): string {
  const known = MODEL_COLOURS.map(([name]) => name)
    .filter((name) => model === name || model.startsWith(`${name}-`));
  return known.sort((a, b) => b.length - a.length)[0] ?? model;
}

export function modelColour(model: string): string {
  return MODEL_COLOURS.find(([name]) => name === baseModel(model))?.[1] ?? "#999999";
}

/** Smallest model first; models not in the list last, by name. */
export function compareModels(a: string, b: string): number {
  const place = (model: string) => {
    const index = MODEL_COLOURS.findIndex(([name]) => name === baseModel(model));
    return index < 0 ? MODEL_COLOURS.length : index;
  };
  return place(a) - place(b) || a.localeCompare(b);
}

const TASK_TITLES: Record<string, string> = {
  ioi: "Indirect object identification",
  greater_than: "Greater-than",
  gender_pronoun: "Gendered pronouns",
  sva: "Subject–verb agreement",
};

/** The order in which the paper shows the tasks. */
export const TASKS = Object.keys(TASK_TITLES);

export function taskTitle(task: string): string {
  return TASK_TITLES[task] ?? task.replaceAll("_", " ");
}

export function compareTasks(a: string, b: string): number {
  const place = (task: string) => TASKS.includes(task) ? TASKS.indexOf(task) : TASKS.length;
  return place(a) - place(b) || a.localeCompare(b);
}

/**
 * Exponentially weighted mean with the weights (1 − α)^k of all earlier values, normalised (pandas `ewm`, adjust=True):
 * y_t = Σ_k (1 − α)^k x_{t−k} / Σ_k (1 − α)^k.
 */
export function ewm(values: number[], alpha = 0.5): number[] {
  let above = 0;
  let below = 0;
  return values.map((value) => {
    above = value + (1 - alpha) * above;
    below = 1 + (1 - alpha) * below;
    return above / below;
  });
}

export interface Panel {
  title: string;
  xTitle?: string;
  yTitle?: string;
  x?: Record<string, unknown>;
  y?: Record<string, unknown>;
}

/** Names of the axes of the i-th panel, as traces and shapes refer to them. */
export function axesOf(index: number): { xaxis: string; yaxis: string } {
  return { xaxis: `x${index === 0 ? "" : index + 1}`, yaxis: `y${index === 0 ? "" : index + 1}` };
}

/** Layout of a grid of panels, filled row by row, with the look of all figures; x is logarithmic unless said otherwise. */
export function panelGrid(panels: Panel[], columns: number): Record<string, unknown> {
  const rows = Math.ceil(panels.length / columns);
  const between = columns > 2 ? 0.045 : 0.075;
  const across = (1 - between * (columns - 1)) / columns;
  const gap = rows > 1 ? 0.36 / (rows + 1) : 0;
  const down = (1 - gap * (rows - 1)) / rows;
  const layout: Record<string, unknown> = {
    font: { family: "Inter, Helvetica Neue, Helvetica, Arial, sans-serif", size: 12 },
    margin: { l: 62, r: 24, t: 34, b: 54 },
    hovermode: "closest",
    hoverlabel: { font: { size: 12 } },
    legend: { orientation: "h", x: 0, y: -0.16 / rows - 0.02, yanchor: "top" },
  };
  const annotations: Record<string, unknown>[] = [];
  panels.forEach((panel, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns);
    const left = column * (across + between);
    const top = 1 - row * (down + gap);
    const { xaxis, yaxis } = axesOf(index);
    const common = {
      showline: true,
      ticks: "outside",
      ticklen: 4,
      zeroline: false,
      automargin: true,
    };
    layout[`xaxis${xaxis.slice(1)}`] = {
      ...common,
      type: "log",
      dtick: 1,
      showgrid: false,
      domain: [left, left + across],
      anchor: yaxis,
      title: { text: panel.xTitle ?? "", standoff: 6 },
      exponentformat: "B",
      ...panel.x,
    };
    layout[`yaxis${yaxis.slice(1)}`] = {
      ...common,
      showline: false,
      ticks: "",
      domain: [top - down, top],
      anchor: xaxis,
      title: { text: panel.yTitle ?? "", standoff: 8 },
      ...panel.y,
    };
    annotations.push({
      name: "title",
      text: panel.title,
      showarrow: false,
      xref: "paper",
      yref: "paper",
      x: left,
      y: top,
      xanchor: "left",
      yanchor: "bottom",
      yshift: 6,
      font: { size: 13 },
    });
  });
  return { ...layout, annotations };
}

/** A hairline across one panel at height `y`. */
export function levelLine(index: number, y: number): Record<string, unknown> {
  const { xaxis, yaxis } = axesOf(index);
  return {
    type: "line",
    xref: `${xaxis} domain`,
    yref: yaxis,
    x0: 0,
    x1: 1,
    y0: y,
    y1: y,
    line: { color: "#c2571a", width: 1, dash: "dot" },
  };
}

/** Legend entries that say what thin, bold and dashed lines are, for pictures that go without their caption. */
export function lineKeys(keys: { name: string; width: number; dash?: string }[]) {
  return keys.map(({ name, width, dash = "solid" }) => ({
    type: "scatter",
    mode: "lines",
    x: [null],
    y: [null],
    name,
    hoverinfo: "skip",
    line: { color: "#8c9299", width, dash },
  }));
}

/** `#RRGGBB` and an opacity as Plotly wants it. */
export function translucent(hex: string, opacity: number): string {
  const channels = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${channels.join(",")},${opacity})`;
}
