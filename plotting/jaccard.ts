/**
 * Draws how much circuits change over training: the Jaccard similarity of edges, of nodes, and of edges weighted by
 * |score|. Similarity to the previous checkpoint is a bold line, to the final checkpoint a dotted one, both with gaps where
 * the model does not do the task. One column per task, one colour per model. `--smooth` adds thin dashed lines:
 * exponentially weighted means of the similarity to the previous checkpoint (α = 0.5).
 */
import { type CircuitChange, type CircuitSummary, unableSteps } from "../utils/results/mod.ts";
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
  type Trace,
} from "./figures/mod.ts";

const ROWS: { title: string; value: (change: CircuitChange) => number }[] = [
  { title: "edges", value: (change) => change.edgeJaccard },
  { title: "nodes", value: (change) => change.nodeJaccard },
  { title: "weighted edges", value: (change) => change.weightedJaccard },
];

/** Returns the figure over training steps. */
export function jaccardFigure(summaries: CircuitSummary[], smooth = false): Figure {
  const tasks = [...new Set(summaries.map((s) => s.task))].sort(compareTasks);
  const sorted = [...summaries].sort((a, b) => compareModels(a.model, b.model));
  const data: Trace[] = [];
  const named = new Set<string>();
  const looks = runLooks(sorted);
  ROWS.forEach(({ value }, row) => {
    sorted.forEach((summary, run) => {
      const axes = axesOf(row * tasks.length + tasks.indexOf(summary.task));
      const { name, colour, dash } = looks[run];
      const unable = new Set(unableSteps(summary));
      const line = (changes: CircuitChange[], step: (c: CircuitChange) => number, more: Trace) => {
        const shown = changes.filter((c) => step(c) > 0)
          .map((c) => ({ c, y: unable.has(c.from) || unable.has(c.to) ? null : value(c) }));
        const trace = {
          type: "scatter",
          mode: "lines",
          x: shown.map(({ c }) => step(c)),
          y: shown.map(({ y }) => y),
          customdata: shown.map(({ c }) => [c.from, c.to]),
          hovertemplate: `${name}, step %{customdata[0]} to %{customdata[1]}<br>` +
            `%{y:.3f}<extra></extra>`,
          name,
          legendgroup: name,
          showlegend: false,
          ...axes,
          ...more,
        };
        data.push(trace);
        return trace;
      };
      const previous = line(summary.toPrevious, (c) => c.to, {
        mode: "lines+markers",
        line: { color: colour, width: 2.2, dash },
        marker: { color: colour, size: summary.toPrevious.length > 40 ? 3 : 5 },
        showlegend: !named.has(name),
      });
      if (smooth) data.push(smoothedLine(previous.y, previous, colour));
      line(summary.toFinal, (c) => c.from, { line: { color: colour, width: 1.4, dash: "dot" } });
      named.add(name);
    });
  });
  data.push(...lineKeys([
    { name: "to previous", width: 2.2 },
    ...smooth ? [SMOOTHED] : [],
    { name: "to final", width: 1.4, dash: "dot" },
  ]));
  const panels = ROWS.flatMap(({ title }, row) =>
    tasks.map((task, column) => ({
      title: row === 0 ? taskTitle(task) : "",
      xTitle: row === ROWS.length - 1 ? "training step" : "",
      yTitle: column === 0 ? title : "",
      y: { range: [-0.012, 1.03] },
    }))
  );
  return {
    title: "How much of a circuit remains",
    caption:
      "Jaccard similarity of circuits. Bold: to the previous checkpoint. Dotted: to the final checkpoint." +
      leftOut(summaries),
    data,
    layout: panelGrid(panels, tasks.length),
    width: Math.max(700, 60 + 380 * tasks.length),
    height: 880,
  };
}

if (import.meta.main) {
  const command = summaryCommand({
    name: "jaccard",
    description: "Similarity of circuits to those of the previous and the final checkpoint.",
    examplePath: "results/graphs",
  }).option("--smooth", "add smoothed lines, thin and dashed").parse();
  await runPlot(
    command,
    async (paths, { smooth }) => jaccardFigure(await givenSummaries(paths), smooth ?? false),
  );
}
