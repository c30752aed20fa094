/**
 * Draws how much circuits change over training: the Jaccard similarity of edges, of nodes, and of edges weighted by
 * |score|. Similarity to the previous checkpoint is a thin line as measured and a bold line as exponentially weighted
 * mean (α = 0.5); similarity to the final checkpoint is dashed. One column per task, one colour per model.
 */
import type { CircuitChange, CircuitSummary } from "../utils/results/mod.ts";
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
  type Trace,
  translucent,
} from "./figures/mod.ts";

const ROWS: { title: string; value: (change: CircuitChange) => number }[] = [
  { title: "edges", value: (change) => change.edgeJaccard },
  { title: "nodes", value: (change) => change.nodeJaccard },
  { title: "weighted edges", value: (change) => change.weightedJaccard },
];

export function jaccardFigure(summaries: CircuitSummary[]): Figure {
  const tasks = [...new Set(summaries.map((s) => s.task))].sort(compareTasks);
  const sorted = [...summaries].sort((a, b) => compareModels(a.model, b.model));
  const data: Trace[] = [];
  const named = new Set<string>();
  ROWS.forEach(({ value }, row) => {
    for (const summary of sorted) {
      const axes = axesOf(row * tasks.length + tasks.indexOf(summary.task));
      const colour = modelColour(summary.model);
      const line = (changes: CircuitChange[], step: (c: CircuitChange) => number, more: Trace) => {
        const shown = changes.map((c, i) => ({ c, i })).filter(({ c }) => step(c) > 0);
        const values = more.smooth ? smoothed(changes.map(value)) : changes.map(value);
        delete more.smooth;
        data.push({
          type: "scatter",
          mode: "lines",
          x: shown.map(({ c }) => step(c)),
          y: shown.map(({ i }) => values[i]),
          customdata: shown.map(({ c }) => [c.from, c.to, value(c)]),
          hovertemplate: `${summary.model}, step %{customdata[0]} to %{customdata[1]}<br>` +
            `%{customdata[2]:.3f}<extra></extra>`,
          name: summary.model,
          legendgroup: summary.model,
          showlegend: false,
          ...axes,
          ...more,
        });
      };
      line(summary.toPrevious, (c) => c.to, {
        line: { color: translucent(colour, 0.5), width: 1 },
        hoverinfo: "skip",
      });
      line(summary.toPrevious, (c) => c.to, {
        smooth: true,
        line: { color: colour, width: 2.6 },
        showlegend: !named.has(summary.model),
      });
      line(summary.toFinal, (c) => c.from, { line: { color: colour, width: 1.6, dash: "dash" } });
      named.add(summary.model);
    }
  });
  data.push(...lineKeys([
    { name: "to previous, as measured", width: 1 },
    { name: "smoothed", width: 2.6 },
    { name: "to final", width: 1.6, dash: "dash" },
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
    caption: "Jaccard similarity of circuits. Bold: to the previous checkpoint, exponentially " +
      "weighted mean (α = 0.5). Thin: the same, as measured. Dashed: to the final checkpoint.",
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
  }).parse();
  await runPlot(command, async (paths) => jaccardFigure(await givenSummaries(paths)));
}
