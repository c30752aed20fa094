/**
 * Draws the size of circuits over training: edges above, nodes below, one column per task, one line per run, with a gap
 * where the model does not do the task. `--smooth` adds thin dashed lines: exponentially weighted means over the
 * checkpoints (α = 0.5).
 */
import {
  checkpointAble,
  type CheckpointSummary,
  type CircuitSummary,
} from "../utils/results/mod.ts";
import { compareTasks, taskTitle } from "./display_names.ts";
import {
  axesOf,
  compareModels,
  type Figure,
  givenSummaries,
  leftOut,
  lineKeys,
  panelGrid,
  runLooks,
  runPlot,
  SMOOTHED,
  smoothedLine,
  summaryCommand,
  type TimeAxis,
  timeAxis,
  type Trace,
} from "./figures/mod.ts";

const ROWS: { title: string; value: (c: CheckpointSummary) => number }[] = [
  { title: "edges", value: (c) => c.edges },
  { title: "nodes", value: (c) => c.nodes.length },
];

/** Returns the figure over training steps or tokens. A log axis cannot show step 0. */
export function edgesOverTimeFigure(
  summaries: CircuitSummary[],
  time: TimeAxis = timeAxis(true),
  smooth = false,
): Figure {
  const tasks = [...new Set(summaries.map((s) => s.task))].sort(compareTasks);
  const sorted = [...summaries].sort((a, b) => compareModels(a.model, b.model));
  const data: Trace[] = [];
  const named = new Set<string>();
  const looks = runLooks(sorted);
  ROWS.forEach(({ value }, row) => {
    sorted.forEach((summary, run) => {
      const column = tasks.indexOf(summary.task);
      const axes = axesOf(row * tasks.length + column);
      const { name, colour, dash } = looks[run];
      // null is a gap in the line
      const shown = summary.checkpoints.filter(({ step }) => step > 0)
        .sort((a, b) => a.step - b.step)
        .map((c) => ({ step: c.step, size: checkpointAble(summary, c) ? value(c) : null }));
      const common = {
        ...{ type: "scatter", mode: "lines+markers", legendgroup: name, ...axes },
        x: shown.map(({ step }) => time.of(summary.model, step)),
      };
      data.push({
        ...common,
        y: shown.map(({ size }) => size),
        customdata: shown.map(({ step }) => step),
        name,
        line: { color: colour, width: 2.2, dash },
        marker: { color: colour, size: shown.length > 40 ? 3 : 5 },
        showlegend: !named.has(name),
        hovertemplate: `${name}, step %{customdata}<br>%{y}<extra></extra>`,
      });
      named.add(name);
      if (smooth) data.push(smoothedLine(shown.map(({ size }) => size), common, colour));
    });
  });
  if (smooth) data.push(...lineKeys([SMOOTHED]));
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
    caption: "Edges and nodes of the circuit at each checkpoint, after pruning." +
      leftOut(summaries),
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
  }).option("--smooth", "add smoothed lines, thin and dashed")
    .option("--tokens", "show training tokens instead of steps, from each model's batch size")
    .parse();
  await runPlot(
    command,
    async (paths, { tokens, smooth }) =>
      edgesOverTimeFigure(await givenSummaries(paths), timeAxis(!tokens), smooth ?? false),
  );
}
