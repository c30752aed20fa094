/**
 * Draws layer × head heat maps of every score in the files, on one scale for all checkpoints: CSPA from −100 to 100 %,
 * effects over their range at all checkpoints, other scores over their natural range. The page has a slider over the
 * checkpoints. A picture has a row per score and a column per checkpoint.
 */
import { extname } from "@std/path";
import {
  adjusted,
  allSteps,
  colourAxis,
  colourAxisName,
  type Figure,
  headAxes,
  heatTrace,
  panelGrid,
  pictureSteps,
  plotCommand,
  requirePaths,
  saveFigure,
  slider,
  type SliderStep,
  tellUserErrors,
} from "./figures/mod.ts";
import { type HeadSeries, ofOneModel, readHeadSeries } from "./result_files/head_files.ts";
import { drawnRange, MEASURE_NAMES, withUnit } from "./result_files/head_measures.ts";

/** Returns the grid at a step; all null if the step does not have one. */
export function gridAt({ steps, grids, shape }: HeadSeries, step: number): (number | null)[][] {
  return grids[steps.indexOf(step)] ??
    Array.from({ length: shape.nLayers }, () => new Array(shape.nHeads).fill(null));
}

function scaleOf({ measure, grids }: HeadSeries, fit: boolean): [number, number] {
  return drawnRange(measure, grids.flatMap((grid) => grid?.flat() ?? []), fit);
}

function hover({ measure }: HeadSeries, when: string): string {
  const value = withUnit("%{z:.3~r}", measure.unit);
  return `a%{y}.h%{x}${when}<br>${value}<extra></extra>`;
}

const CAPTION =
  "Layers from bottom to top, heads from left to right. All checkpoints share one colour scale.";

/** Returns a page with a panel per score and a slider over the checkpoints, which starts at the last one. */
export function heatMapPage(series: HeadSeries[], fit = false): Figure {
  const steps = allSteps(series);
  const columns = Math.min(4, series.length);
  const rows = Math.ceil(series.length / columns);
  const { nLayers, nHeads } = series[0].shape;
  const width = 1160;
  const panels = series.map(({ measure }, index) => ({
    title: measure.title,
    ...headAxes(index, { nLayers, nHeads }, {
      x: index >= series.length - columns,
      y: index % columns === 0,
    }),
  }));
  const layout = panelGrid(panels, columns);
  const data = series.map((one, index) => {
    const domain = (axis: "x" | "y") =>
      (layout[`${axis}axis${index === 0 ? "" : index + 1}`] as { domain: [number, number] }).domain;
    const [left, right] = domain("x"), [bottom, top] = domain("y");
    // panels of a row with equal scales share one bar, right of the last of them
    const scale = (of: HeadSeries) =>
      JSON.stringify([scaleOf(of, fit), of.measure.unit, of.measure.signed]);
    const rest = series.slice(index + 1, columns * (Math.floor(index / columns) + 1));
    const bar = !rest.some((other) => scale(other) === scale(one));
    // shrink the panel to make room for the colour bar
    const inner = right - 0.05 / Math.sqrt(columns);
    (layout[`xaxis${index === 0 ? "" : index + 1}`] as Record<string, unknown>).domain = [
      left,
      inner,
    ];
    layout[colourAxisName(index)] = colourAxis(scaleOf(one, fit), {
      signed: one.measure.signed,
      unit: one.measure.unit,
      bar,
      at: { x: inner, y: (bottom + top) / 2, length: top - bottom },
    });
    return heatTrace(index, gridAt(one, steps.at(-1)!), colourAxisName(index), {
      name: one.measure.name,
      hovertemplate: hover(one, ""),
    });
  });
  const sliderSteps: SliderStep[] = steps.map((step) => ({
    label: step.toLocaleString("en"),
    change: { z: series.map((one) => gridAt(one, step)) },
  }));
  layout.sliders = [slider(sliderSteps, series.map((_, i) => i))];
  layout.margin = { l: 44, r: 30, t: 34, b: 120 };
  const cell = Math.min(34, (width / columns - 110) / nHeads);
  return {
    title: `Head scores: ${series[0].model}`,
    caption: `${CAPTION} Move the slider, or hover for values.`,
    data,
    layout,
    width,
    height: Math.round(160 + rows * (nLayers * cell + 96)),
  };
}

/** Returns a picture with a row per score and a column per checkpoint. */
export function heatMapPicture(series: HeadSeries[], steps: number[], fit = false): Figure {
  const { nLayers, nHeads } = series[0].shape;
  const columns = steps.length;
  const panels = series.flatMap((_, row) =>
    steps.map((step, column) => {
      const index = row * columns + column;
      const last = row === series.length - 1;
      const axes = headAxes(index, { nLayers, nHeads }, { x: last, y: column === 0 });
      return {
        ...axes,
        title: row === 0 ? `step ${step.toLocaleString("en")}` : "",
        x: { ...axes.x, showticklabels: last },
        // the sizes below make the cells square
        y: { ...axes.y, scaleanchor: undefined, showticklabels: column === 0 },
      };
    })
  );
  const cell = Math.max(5, Math.min(20, 130 / nHeads));
  const size = { width: nHeads * cell, height: nLayers * cell };
  const gap = { width: 14, height: 34 };
  const margin = { l: 58, r: 80, t: 56, b: 50 };
  const inner = {
    width: columns * size.width + (columns - 1) * gap.width,
    height: series.length * size.height + (series.length - 1) * gap.height,
  };
  const layout = panelGrid(panels, columns);
  const annotations = layout.annotations as Record<string, unknown>[];
  const data = series.flatMap((one, row) => {
    const top = 1 - row * (size.height + gap.height) / inner.height;
    const bottom = top - size.height / inner.height;
    const axis = colourAxisName(row);
    layout[axis] = colourAxis(scaleOf(one, fit), {
      signed: one.measure.signed,
      unit: one.measure.unit,
      at: { x: 1.005, y: (top + bottom) / 2, length: top - bottom },
    });
    annotations.push({
      name: "title",
      text: one.measure.title,
      showarrow: false,
      xref: "paper",
      yref: "paper",
      x: 0,
      y: top,
      xanchor: "left",
      yanchor: "bottom",
      yshift: row === 0 ? 24 : 5,
      font: { size: 13 },
    });
    return steps.map((step, column) => {
      const index = row * columns + column;
      const left = column * (size.width + gap.width) / inner.width;
      const suffix = index === 0 ? "" : index + 1;
      const put = (key: string, domain: [number, number]) =>
        (layout[key] as Record<string, unknown>).domain = domain;
      put(`xaxis${suffix}`, [left, left + size.width / inner.width]);
      put(`yaxis${suffix}`, [bottom, top]);
      Object.assign(annotations[index], { x: left, y: top, font: { size: 11 } });
      return heatTrace(index, gridAt(one, step), axis, { hovertemplate: hover(one, `, ${step}`) });
    });
  });
  return {
    title: `Head scores: ${series[0].model}`,
    caption: CAPTION,
    data,
    layout: { ...layout, margin },
    width: Math.round(inner.width + margin.l + margin.r),
    height: Math.round(inner.height + margin.t + margin.b),
  };
}

if (import.meta.main) {
  const command = plotCommand({
    name: "head_heatmaps",
    description:
      "Layer × head heat maps of one model's scores: a page with a slider over checkpoints, or pictures with a column each.",
    paths: "result files of head scripts, or folders to search for them",
    examplePath: "results/components/pythia-160m results/cspa/pythia-160m",
  })
    .option("--score <names...>", `scores to draw: ${MEASURE_NAMES.join(", ")}`)
    .option("--show <steps...>", "checkpoints in a picture (default: up to six)")
    .option("--fit", "fit the scales to the values").parse();
  await tellUserErrors(async () => {
    const options = command.opts();
    const { output, score, show, fit } = options;
    const paths = requirePaths(command.args, "result files of head scripts, or their folders");
    const series = ofOneModel(await readHeadSeries(paths, score));
    const steps = pictureSteps(series, show);
    for (const file of output) {
      const figure = extname(file).toLowerCase() === ".html"
        ? heatMapPage(series, fit)
        : heatMapPicture(series, steps, fit);
      await saveFigure(adjusted(figure, options), file);
      console.log(file);
    }
  });
}
