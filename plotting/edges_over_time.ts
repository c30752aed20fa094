/**
 * Draws the size of circuits over training: edges above, nodes below, one column per task, one line per model. Thin
 * lines are raw sizes; bold lines are exponentially weighted means over the checkpoints (α = 0.5).
 */
import type { CheckpointSummary, CircuitSummary } from "../utils/results/mod.ts";
import { compareTasks, taskTitle } from "./display_names.ts";
import {
  axesOf,
  compareModels,
  type Figure,
  givenSummaries,
  lineKeys,
  modelColour,
  panelGrid,
  runPlot,
  smoothed,
  summaryCommand,
  type TimeAxis,
  timeAxis,
  type Trace,
  translucent,
} from "./figures/mod.ts";

const ROWS: { title: string; value: (c: CheckpointSummary) => number }[] = [
  { title: "edges", value: (c) => c.edges },
  { title: "nodes", value: (c) => c.nodes.length },
];

/** Returns the figure over training steps or tokens. A log axis cannot show step 0. */
export function edgesOverTimeFigure(
  summaries: CircuitSummary[],
  time: TimeAxis = timeAxis(true),
): Figure {
  const tasks = [...new Set(summaries.map((s) => s.task))].sort(compareTasks);
  const sorted = [...summaries].sort((a, b) => compareModels(a.model, b.model));
  const data: Trace[] = [];
  const named = new Set<string>();
  ROWS.forEach(({ value }, row) => {
    for (const summary of sorted) {
      const column = tasks.indexOf(summary.task);
      const axes = axesOf(row * tasks.length + column);
      const checkpoints = [...summary.checkpoints].sort((a, b) => a.step - b.step);
      const smooth = smoothed(checkpoints.map(value));
      const shown = checkpoints.map((c, i) => ({ step: c.step, raw: value(c), smooth: smooth[i] }))
        .filter(({ step }) => step > 0);
      const x = shown.map(({ step }) => time.of(summary.model, step));
      const colour = modelColour(summary.model);
      const common = { type: "scatter", mode: "lines", x, legendgroup: summary.model, ...axes };
      data.push({
        ...common,
        y: shown.map(({ raw }) => raw),
        line: { color: translucent(colour, 0.5), width: 1 },
        showlegend: false,
        hoverinfo: "skip",
      }, {
        ...common,
        y: shown.map(({ smooth }) => smooth),
        customdata: shown.map(({ step, raw }) => [step, raw]),
        name: summary.model,
        line: { color: colour, width: 2.6 },
        showlegend: !named.has(summary.model),
        hovertemplate: `${summary.model}, step %{customdata[0]}<br>%{customdata[1]} ` +
          `(mean %{y:.1f})<extra></extra>`,
      });
      named.add(summary.model);
    }
  });
  data.push(...lineKeys([{ name: "as found", width: 1 }, { name: "smoothed", width: 2.6 }]));
  const panels = ROWS.flatMap(({ title }, row) =>
    tasks.map((task, column) => ({
      title: row === 0 ? taskTitle(task) : "",
      xTitle: row === ROWS.length - 1 ? time.title : "",
      yTitle: column === 0 ? title : "",
      y: { rangemode: "tozero" },
    }))
  );
  return {
    title: "Circuit size over training",
    caption: "Edges and nodes of the circuit at each checkpoint. Thin: as found; bold: " +
      "exponentially weighted mean (α = 0.5). A log axis cannot show step 0.",
    data,
    layout: panelGrid(panels, tasks.length),
    width: Math.max(700, 60 + 380 * tasks.length),
    height: 640,
  };
}

if (import.meta.main) {
  const command = summaryCommand({
    name: "edges_over_time",
    description: "Edges and nodes of circuits over training.",
    examplePath: "results/graphs",
  }).option("--tokens", "show training tokens instead of steps, from each model's batch size")
    .parse();
  await runPlot(
    command,
    async (paths, { tokens }) =>
      edgesOverTimeFigure(await givenSummaries(paths), timeAxis(!tokens)),
  );
}
