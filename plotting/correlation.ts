/**
 * Draws circuit size against model size. For each task and model it plots the mean number of nodes (or edges) over
 * checkpoints against the true number of parameters, and gives Pearson's r over the parameters and over their
 * logarithm.
 *
 * The figure as first published used 14·10⁹ and 28·10⁹ parameters for the 1.4b and 2.8b models, ten times too many.
 * `--published` draws that figure's node counts against the true sizes.
 */
import { InvalidArgumentError } from "commander";
import { ableCheckpoints, type CircuitSummary } from "../utils/results/mod.ts";
import { mean, pearson } from "../utils/base/mod.ts";
import { type Column, printTable } from "../utils/cli/mod.ts";
import { compareTasks, taskTitle } from "./display_names.ts";
import {
  axesOf,
  baseModel,
  type Figure,
  givenSummaries,
  modelColour,
  panelGrid,
  PARAMETERS,
  runPlot,
  summaryCommand,
  type Trace,
} from "./figures/mod.ts";

export interface SizePoint {
  model: string;
  task: string;
  parameters: number;
  /** mean over checkpoints */
  size: number;
}

export interface Correlation {
  task: string;
  n: number;
  linear: number;
  log: number;
}

/** Mean node counts in the circuits of the training-and-scale paper, by task and model. */
const PUBLISHED: Record<string, Record<string, number>> = {
  ioi: {
    "pythia-70m": 28.9,
    "pythia-160m": 43.3,
    "pythia-410m": 88.3,
    "pythia-1.4b": 46.6,
    "pythia-2.8b": 135.4,
  },
  greater_than: {
    "pythia-70m": 13.2,
    "pythia-160m": 17.3,
    "pythia-410m": 36.7,
    "pythia-1.4b": 35.0,
    "pythia-2.8b": 72.8,
  },
  gender_pronoun: {
    "pythia-70m": 17.7,
    "pythia-160m": 23.7,
    "pythia-410m": 39.3,
    "pythia-1.4b": 56.6,
    "pythia-2.8b": 42.3,
  },
  sva: {
    "pythia-70m": 15.0,
    "pythia-160m": 34.7,
    "pythia-410m": 52.0,
    "pythia-1.4b": 93.9,
    "pythia-2.8b": 97.8,
  },
};

/** Critical |r| for p < 0.05 (two-sided), by number of points. */
const CRITICAL_R: Record<number, number> = {
  3: 0.997,
  4: 0.95,
  5: 0.878,
  6: 0.811,
  7: 0.754,
  8: 0.707,
  9: 0.666,
  10: 0.632,
};

export function publishedPoints(): SizePoint[] {
  return Object.entries(PUBLISHED).flatMap(([task, sizes]) =>
    Object.entries(sizes).map(([model, size]) => ({
      model,
      task,
      parameters: PARAMETERS[model],
      size,
    }))
  );
}

/** Returns a point per summary whose model size is in `given` or `PARAMETERS`, and the names of the other models. */
export function sizePoints(
  summaries: CircuitSummary[],
  unit: "nodes" | "edges",
  given: Record<string, number> = {},
): { points: SizePoint[]; unknown: string[] } {
  const points: SizePoint[] = [];
  const unknown = new Set<string>();
  for (const summary of summaries) {
    const { model, task } = summary;
    const checkpoints = ableCheckpoints(summary);
    const parameters = given[model] ?? PARAMETERS[baseModel(model)];
    if (parameters === undefined) unknown.add(model);
    else if (checkpoints.length > 0) {
      const size = mean(checkpoints.map((c) => unit === "nodes" ? c.nodes.length : c.edges));
      points.push({ model, task, parameters, size });
    }
  }
  return { points, unknown: [...unknown] };
}

/** Returns Pearson's r per task; NaN for fewer than three points, where r is meaningless. */
export function correlations(points: SizePoint[]): Correlation[] {
  const tasks = [...new Set(points.map((p) => p.task))].sort(compareTasks);
  return tasks.map((task) => {
    const here = points.filter((p) => p.task === task);
    const sizes = here.map((p) => p.size);
    const r = (x: number[]) => here.length < 3 ? NaN : pearson(x, sizes);
    return {
      task,
      n: here.length,
      linear: r(here.map((p) => p.parameters)),
      log: r(here.map((p) => Math.log(p.parameters))),
    };
  });
}

export function correlationFigure(points: SizePoint[], unit: "nodes" | "edges"): Figure {
  const results = correlations(points);
  const data: Trace[] = points.map((point) => {
    const axes = axesOf(results.findIndex(({ task }) => task === point.task));
    return {
      type: "scatter",
      mode: "markers+text",
      x: [point.parameters],
      y: [point.size],
      text: [point.model.replace(/^pythia-/, "")],
      textposition: "top center",
      cliponaxis: false,
      marker: { size: 12, color: modelColour(point.model), line: { width: 1, color: "#6a7079" } },
      showlegend: false,
      hovertemplate: `${point.model}<br>%{x:.4s} parameters<br>%{y:.1f} ${unit}<extra></extra>`,
      ...axes,
    };
  });
  const show = (r: number) => Number.isNaN(r) ? "–" : r.toFixed(3).replace("-", "−");
  const panels = results.map(({ task, linear, log }) => ({
    title: `${taskTitle(task)}   r = ${show(linear)}, over log size ${show(log)}`,
    xTitle: "parameters",
    yTitle: `mean ${unit} in the circuit`,
    x: { dtick: undefined, tickvals: [1e7, 3e7, 1e8, 3e8, 1e9, 3e9, 1e10] },
    y: { rangemode: "tozero" },
  }));
  const columns = Math.min(2, panels.length);
  const counts = [...new Set(results.map(({ n }) => n))];
  const warning = counts.filter((n) => CRITICAL_R[n])
    .map((n) => `with ${n} points |r| must exceed ${CRITICAL_R[n]} for p < 0.05`).join("; ");
  return {
    title: "Circuit size against model size",
    caption: "Mean over checkpoints against the true number of parameters (log axis), with " +
      `Pearson’s r. Caution: ${warning || "these are very few points"}.`,
    data,
    layout: panelGrid(panels, columns),
    width: columns === 1 ? 700 : 1080,
    height: 60 + 350 * Math.ceil(panels.length / columns),
  };
}

function printCorrelations(results: Correlation[]) {
  const columns: Column<Correlation>[] = [
    { header: "task", value: (row) => row.task },
    { header: "models", value: (row) => row.n },
    { header: "r, parameters", value: (row) => row.linear, digits: 3 },
    { header: "r, log parameters", value: (row) => row.log, digits: 3 },
  ];
  printTable(columns, results);
}

function readParameters(value: string, before: Record<string, number>): Record<string, number> {
  const [model, count] = value.split("=");
  const parameters = Number(count);
  if (!model || !(parameters > 0)) {
    throw new InvalidArgumentError("expected MODEL=COUNT, such as pythia-nano=800000");
  }
  return { ...before, [model]: parameters };
}

if (import.meta.main) {
  const command = summaryCommand({
    name: "correlation",
    description: "Circuit size against model size, with Pearson's r over size and log size.",
    examplePath: "results/graphs",
  })
    .option("--edges", "count edges instead of nodes")
    .option("--published", "draw the node counts of the training-and-scale paper")
    .option(
      "--parameters <model=count>",
      "size of a model that is not built in",
      readParameters,
      {},
    )
    .parse();
  await runPlot(command, async (paths, { edges, published, parameters }) => {
    const unit = edges && !published ? "edges" : "nodes";
    let points = publishedPoints();
    if (!published) {
      const summaries = await givenSummaries(paths, "summaries, or --published");
      const sizes = sizePoints(summaries, unit, parameters);
      points = sizes.points;
      for (const model of sizes.unknown) {
        console.error(`skipped ${model}: its size is unknown; pass --parameters ${model}=COUNT`);
      }
    }
    printCorrelations(correlations(points));
    return correlationFigure(points, unit);
  });
}
