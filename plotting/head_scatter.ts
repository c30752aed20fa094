/**
 * Draws one head score against another, a point per head: by default attention from END to IO against the head's
 * direct contribution to the logit difference. All checkpoints share the axes and the colours (layers). The page has
 * a slider; a picture has a panel per checkpoint. The heads farthest from the origin have labels.
 */
import { headName } from "../utils/names/mod.ts";
import { extname } from "@std/path";
import { UserError } from "../utils/base/mod.ts";
import { lowerFirst } from "./display_names.ts";
import {
  axesOf,
  type Figure,
  panelGrid,
  pictureSteps,
  placeLabels,
  plotCommand,
  requirePaths,
  saveFigure,
  slider,
  type SliderStep,
  stepColour,
  tellUserErrors,
  type Trace,
} from "./figures/mod.ts";
import { type HeadSeries, ofOneModel, readHeadSeries } from "./result_files/head_files.ts";
import { drawnRange, extremes, MEASURE_NAMES } from "./result_files/head_measures.ts";

export interface HeadPoint {
  head: string;
  layer: number;
  x: number;
  y: number;
}

/** Returns the steps that have both scores. */
export function commonSteps(x: HeadSeries, y: HeadSeries): number[] {
  const taken = ({ steps, grids }: HeadSeries) => steps.filter((_, i) => grids[i] !== null);
  const other = new Set(taken(y));
  return taken(x).filter((step) => other.has(step));
}

/** Returns the points of all heads at a step that both scores have. */
export function headPoints(x: HeadSeries, y: HeadSeries, step: number): HeadPoint[] {
  const grid = ({ steps, grids }: HeadSeries) => grids[steps.indexOf(step)]!;
  const across = grid(x), up = grid(y);
  return across.flatMap((row, layer) =>
    row.map((value, h) => ({ head: headName([layer, h]), layer, x: value, y: up[layer][h] }))
  );
}

/**
 * Returns the indices of the `count` points farthest from 0, farthest first, with each axis in units of its largest
 * value. Excludes points nearer than `least`.
 */
export function farthest(
  points: readonly HeadPoint[],
  size: { x: number; y: number },
  count: number,
  least = 0.15,
): number[] {
  const far = points.map(({ x, y }) => Math.hypot(x / size.x, y / size.y));
  return far.map((_, i) => i).filter((i) => far[i] >= least)
    .sort((a, b) => far[b] - far[a]).slice(0, count);
}

interface Scatter {
  x: HeadSeries;
  y: HeadSeries;
  steps: number[];
  size: { x: number; y: number };
  /** how many heads get a label */
  named: number;
}

/**
 * Prepares a scatter plot. Its axes fit all checkpoints.
 * @throws UserError if the scores do not share a checkpoint.
 */
export function scatterOf(x: HeadSeries, y: HeadSeries, named = 6): Scatter {
  const steps = commonSteps(x, y);
  if (steps.length === 0) {
    throw new UserError(
      `expected checkpoints that have both ${x.measure.name} and ${y.measure.name}, found none`,
    );
  }
  const size = { x: extent(x)[1], y: extent(y)[1] };
  return { x, y, steps, size, named };
}

const allValues = ({ grids }: HeadSeries) => grids.flatMap((grid) => grid?.flat() ?? []);

const extent = (series: HeadSeries) => drawnRange(series.measure, allValues(series), true);

/** Returns the range of all checkpoints' values and 0, with a margin. */
function axisRange(series: HeadSeries): [number, number] {
  const [low, high] = extremes(allValues(series));
  const pad = 0.08 * (high - low || 1);
  return [low - pad, high + 1.6 * pad];
}

/** Approximate size of a panel in pixels, for placing labels. */
interface Frame {
  width: number;
  height: number;
}

const RADIUS = 4.5;

function pointsTrace(scatter: Scatter, step: number, index: number, frame: Frame): Trace {
  const points = headPoints(scatter.x, scatter.y, step);
  const within = (value: number, [low, high]: [number, number]) => (value - low) / (high - low);
  const across = axisRange(scatter.x), up = axisRange(scatter.y);
  const labels = placeLabels(
    points.map(({ head, x, y }) => ({
      x: within(x, across) * frame.width,
      y: within(y, up) * frame.height,
      text: head,
    })),
    farthest(points, scatter.size, scatter.named),
    RADIUS,
    frame,
  );
  const layers = scatter.x.shape.nLayers;
  const colours = points.map(({ layer }) => stepColour(layers > 1 ? layer / (layers - 1) : 1));
  const suffix = ({ measure }: HeadSeries) => measure.unit === "" ? "" : ` ${measure.unit}`;
  return {
    type: "scatter",
    mode: "markers+text",
    x: points.map((p) => p.x),
    y: points.map((p) => p.y),
    text: points.map(({ head }, i) => labels[i] ? head : ""),
    customdata: points.map(({ head }) => head),
    textposition: labels.map((position) => position ?? "top center"),
    textfont: { size: 10 },
    cliponaxis: false,
    marker: {
      size: points.length > 200 ? 6 : 2 * RADIUS - 0.5,
      color: colours,
      opacity: 0.9,
      line: { color: "rgba(252,252,250,0.8)", width: 0.8 },
    },
    hovertemplate:
      `%{customdata}<br>${scatter.x.measure.title}: %{x:.3~r}${suffix(scatter.x)}<br>` +
      `${scatter.y.measure.title}: %{y:.3~r}${suffix(scatter.y)}<extra></extra>`,
    showlegend: false,
    ...axesOf(index),
  };
}

function axesFor({ x, y }: Scatter, titles: { x: boolean; y: boolean }) {
  const title = ({ measure }: HeadSeries) =>
    measure.unit === "" ? measure.title : `${measure.title} (${measure.unit})`;
  const common = { type: "linear", dtick: undefined, nticks: 6, zeroline: true, zerolinewidth: 1 };
  return {
    xTitle: titles.x ? title(x) : "",
    yTitle: titles.y ? title(y) : "",
    x: { ...common, showgrid: true, range: axisRange(x) },
    y: { ...common, range: axisRange(y) },
  };
}

/** Returns the legend of the layers. */
function layerLegend(nLayers: number): Trace[] {
  const every = Math.ceil(nLayers / 12);
  return Array.from({ length: nLayers }, (_, l) => l)
    .filter((l) => l % every === 0 || l === nLayers - 1)
    .map((layer) => ({
      type: "scatter",
      mode: "markers",
      x: [null],
      y: [null],
      name: `layer ${layer}`,
      marker: { size: 8.5, color: stepColour(nLayers > 1 ? layer / (nLayers - 1) : 1) },
      hoverinfo: "skip",
    }));
}

const LEGEND = { x: 1.01, y: 1, yanchor: "top", font: { size: 11 } };

function describe({ x, y }: Scatter) {
  return {
    title: `${y.measure.title} against ${lowerFirst(x.measure.title)}: ${x.model}`,
    caption: "A point per head, coloured by layer. The axes are the same at every checkpoint.",
  };
}

/** Returns a page with one panel and a slider over the checkpoints, which starts at the last one. */
export function scatterPage(scatter: Scatter): Figure {
  const { steps } = scatter;
  const frame = { width: 700, height: 480 };
  const last = pointsTrace(scatter, steps.at(-1)!, 0, frame);
  const sliderSteps: SliderStep[] = steps.map((step) => {
    const { x, y, text, textposition } = pointsTrace(scatter, step, 0, frame);
    const change = { x: [x], y: [y], text: [text], textposition: [textposition] };
    return { label: step.toLocaleString("en"), change };
  });
  const layout = panelGrid([{ title: "", ...axesFor(scatter, { x: true, y: true }) }], 1);
  return {
    ...describe(scatter),
    data: [last, ...layerLegend(scatter.x.shape.nLayers)],
    layout: {
      ...layout,
      legend: LEGEND,
      margin: { l: 70, r: 100, t: 20, b: 140 },
      sliders: [slider(sliderSteps, [0])],
    },
    width: 900,
    height: 680,
  };
}

const PANEL = { width: 280, height: 230 };

/** Returns a picture with a panel per checkpoint. */
export function scatterPicture(scatter: Scatter, steps: number[]): Figure {
  const columns = Math.min(3, steps.length);
  const rows = Math.ceil(steps.length / columns);
  const panels = steps.map((step, index) => ({
    title: `step ${step.toLocaleString("en")}`,
    ...axesFor(scatter, { x: index >= steps.length - columns, y: index % columns === 0 }),
  }));
  return {
    ...describe(scatter),
    data: [
      ...steps.map((step, index) => pointsTrace(scatter, step, index, PANEL)),
      ...layerLegend(scatter.x.shape.nLayers),
    ],
    layout: {
      ...panelGrid(panels, columns),
      legend: LEGEND,
      margin: { l: 66, r: 90, t: 34, b: 54 },
    },
    width: 130 + 340 * columns,
    height: 90 + 290 * rows,
  };
}

if (import.meta.main) {
  const command = plotCommand({
    name: "head_scatter",
    description:
      "One score of all heads against another, per checkpoint: a page with a slider, or pictures with a panel each.",
    paths: "result files of head scripts, or folders to search for them",
    examplePath: "results/components/pythia-160m results/backup/pythia-160m",
  })
    .option("--x <score>", `score on the x axis: ${MEASURE_NAMES.join(", ")}`, "attention_io")
    .option("--y <score>", "score on the y axis", "contribution")
    .option("--named <n>", "how many heads to label", "6")
    .option("--show <steps...>", "checkpoints in a picture (default: up to six)").parse();
  await tellUserErrors(async () => {
    const { output, x, y, named, show } = command.opts();
    const paths = requirePaths(command.args, "result files of head scripts, or their folders");
    if (!/^\d+$/.test(named)) {
      throw new UserError(`--named: expected a whole number, found "${named}"`, 2);
    }
    const series = ofOneModel(await readHeadSeries(paths, [x, y]));
    const of = (name: string) => series.find(({ measure }) => measure.name === name)!;
    const scatter = scatterOf(of(x), of(y), Number(named));
    const steps = pictureSteps([of(x), of(y)], show);
    for (const file of output) {
      const page = extname(file).toLowerCase() === ".html";
      await saveFigure(page ? scatterPage(scatter) : scatterPicture(scatter, steps), file);
      console.log(file);
    }
  });
}
