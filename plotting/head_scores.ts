/**
 * Draws head scores over training: a panel per score, a line per head. The heads with the largest |score| at any
 * checkpoint are coloured and labelled at the end of their lines. The others are grey, in the background.
 */
import { UserError } from "../utils/base/mod.ts";
import {
  axesOf,
  endLabels,
  type Figure,
  type HeadLine,
  headLines,
  HeadPalette,
  logRange,
  panelGrid,
  plotCommand,
  requirePaths,
  runPlot,
  type TimeAxis,
  timeAxis,
  type Trace,
} from "./figures/mod.ts";
import { type HeadSeries, ofOneModel, readHeadSeries } from "./result_files/head_files.ts";
import { drawnRange, extremes, MEASURE_NAMES, withUnit } from "./result_files/head_measures.ts";

/** Heads with a peak below this fraction of the axis do not get a label. */
const VISIBLE = 0.05;

export interface ScoreOptions {
  /** how many heads get a label in each panel */
  top: number;
  /** heads to label instead of the top ones */
  heads?: string[];
  time: TimeAxis;
  /** fits the axes to the values instead of the scale of the score */
  fit: boolean;
}

/** Returns the figure of one model's scores. @throws UserError for a head that the model does not have. */
export function headScoresFigure(series: HeadSeries[], options: ScoreOptions): Figure {
  const palette = new HeadPalette();
  const data: Trace[] = [];
  const columns = Math.min(2, series.length);
  const everyX = series.flatMap(({ steps, model }) =>
    steps.filter((step) => step > 0).map((step) => options.time.of(model, step))
  );
  const panels = series.map(({ model, measure, ...rest }, index) => {
    const lines = headLines({ model, measure, ...rest });
    const values = lines.flatMap((line) => line.values);
    const [low, high] = drawnRange(measure, values, options.fit);
    const visible = VISIBLE * high;
    const named = options.heads
      ? options.heads.map((head) => {
        const line = lines.find((line) => line.head === head);
        if (!line) throw new UserError(`expected a head such as a0.h0, found "${head}"`, 2);
        return line;
      })
      : lines.slice(0, options.top).filter(({ peak }) => peak >= visible);
    const x = (line: HeadLine) => line.steps.map((step) => options.time.of(model, step));
    const hover = withUnit("%{y:.3~r}", measure.unit);
    const common = { type: "scatter", showlegend: false, ...axesOf(index) };
    // one trace with gaps, because hundreds of traces are slow
    const others = lines.filter((line) => !named.includes(line));
    data.push({
      ...common,
      mode: "lines",
      x: others.flatMap((line) => [...x(line), null]),
      y: others.flatMap((line) => [...line.values, null]),
      customdata: others.flatMap(({ head, steps }) => [...steps.map((s) => [head, s]), null]),
      hovertemplate: `%{customdata[0]}, step %{customdata[1]}<br>${hover}<extra></extra>`,
      line: { color: "rgba(140,146,153,0.32)", width: 1 },
    });
    const colours = palette.panel(named.map(({ head }) => head));
    named.map((line, i) => ({ line, colour: colours[i] })).toReversed()
      .forEach(({ line, colour }) =>
        data.push({
          ...common,
          mode: line.steps.length > 1 ? "lines" : "markers",
          x: x(line),
          y: line.values,
          name: line.head,
          customdata: line.steps,
          hovertemplate: `${line.head}, step %{customdata}<br>${hover}<extra></extra>`,
          line: { color: colour, width: 2 },
        })
      );
    // the size of a signed score means little by itself, so the axis fits the values
    const [least, most] = extremes(values);
    const floor = measure.signed ? least * 1.06 : low;
    const top = measure.signed ? (most - least > 0 ? most * 1.06 : high) : high * 1.03;
    const end = Math.max(0, ...named.flatMap(x));
    data.push(
      endLabels(
        index,
        end,
        named.map((line, i) => ({
          text: line.head,
          colour: colours[i],
          y: line.values.at(-1) ?? 0,
        })),
        [floor, top],
      ),
    );
    return {
      title: measure.title,
      xTitle: index >= series.length - columns ? options.time.title : "",
      yTitle: measure.unit === "%" ? "percent" : measure.unit || "score",
      x: { range: logRange(everyX) },
      y: {
        range: [floor, top],
        zeroline: measure.signed,
        zerolinewidth: 1,
        ticksuffix: measure.unit === "%" ? " %" : "",
      },
    };
  });
  const rows = Math.ceil(series.length / columns);
  return {
    title: `Head scores over training: ${series[0]?.model ?? "no model"}`,
    caption: "One line per head. " +
      (options.heads
        ? "The requested heads are coloured."
        : `Coloured in each panel: the ${options.top} heads with the largest scores at any checkpoint.`),
    data,
    layout: panelGrid(panels, columns),
    width: columns === 1 ? 640 : 1080,
    height: 90 + 290 * rows,
  };
}

if (import.meta.main) {
  const command = plotCommand({
    name: "head_scores",
    description: "Scores of one model's heads over training, a line per head.",
    paths: "result files of head scripts, or folders to search for them",
    examplePath: "results/components/pythia-160m results/cspa/pythia-160m",
  })
    .option("--score <names...>", `scores to draw: ${MEASURE_NAMES.join(", ")}`)
    .option("--heads <names...>", "heads to colour instead of the largest, such as a3.h1")
    .option("--top <n>", "how many heads to colour in each panel", "6")
    .option("--fit", "fit the axes to the values")
    .option("--steps", "show training steps instead of tokens").parse();
  await runPlot(command, async (args, { score, heads, top, fit, steps }) => {
    const paths = requirePaths(args, "result files of head scripts, or their folders");
    const series = ofOneModel(await readHeadSeries(paths, score));
    if (!/^\d+$/.test(top)) {
      throw new UserError(`--top: expected a whole number, found "${top}"`, 2);
    }
    const options = { top: Number(top), heads, fit: fit ?? false, time: timeAxis(steps) };
    return headScoresFigure(series, options);
  });
}
