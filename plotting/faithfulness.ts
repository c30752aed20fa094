/**
 * Draws faithfulness of circuits against their number of edges: one panel per model and task, one line per
 * checkpoint, coloured by step. Random circuits of the same sizes are grey; the threshold is a line. A random circuit
 * is drawn at its sampled number of edges, because pruning leaves few or none. The script prints MIB's two areas
 * (CPR, CMD) for every checkpoint that has them.
 */
import {
  ableCheckpoints,
  checkpointAble,
  type CheckpointSummary,
  type CircuitSummary,
  type CurvePoint,
} from "../utils/results/mod.ts";
import { type Column, printTable } from "../utils/cli/mod.ts";
import { compareTasks, taskTitle } from "./display_names.ts";
import {
  axesOf,
  compareModels,
  type Figure,
  givenSummaries,
  leftOut,
  levelLine,
  panelGrid,
  runLooks,
  runPlot,
  STEP_COLOURS,
  stepColour,
  summaryCommand,
  type Trace,
} from "./figures/mod.ts";

export type Measure = "faithfulness" | "normalized";

function curveTrace(points: CurvePoint[], measure: Measure, more: Trace): Trace {
  const sorted = points.filter((p) => p.edges > 0).sort((a, b) => a.edges - b.edges);
  return {
    type: "scatter",
    mode: "lines",
    x: sorted.map((p) => p.edges),
    y: sorted.map((p) => 100 * p[measure]),
    showlegend: false,
    ...more,
  };
}

/** Returns the figure of all summaries. Omits checkpoints without evaluated sizes. */
export function faithfulnessFigure(summaries: CircuitSummary[], measure: Measure): Figure {
  const sorted = [...summaries].sort((a, b) =>
    compareTasks(a.task, b.task) || compareModels(a.model, b.model)
  );
  const looks = runLooks(sorted);
  const columns = Math.min(2, sorted.length);
  const data: Trace[] = [];
  const steps = sorted.flatMap((s) => ableCheckpoints(s).map((c) => c.step));
  const ends = [Math.min(...steps, Infinity), Math.max(1, ...steps)].map((step) =>
    Math.log10((Number.isFinite(step) ? step : 0) + 1)
  ) as [number, number];
  const place = (step: number) => (Math.log10(step + 1) - ends[0]) / (ends[1] - ends[0] || 1);
  sorted.forEach((summary, index) => {
    const axes = axesOf(index);
    const checkpoints = ableCheckpoints(summary).sort((a, b) => a.step - b.step);
    checkpoints.forEach((checkpoint, i) => {
      const drawn = checkpoint.random.map((p) => ({ ...p, edges: p.size }));
      data.push(curveTrace(drawn, measure, {
        ...axes,
        line: { color: "rgba(128,134,141,0.7)", width: 1, dash: "dot" },
        name: "random circuits",
        legendgroup: "random",
        showlegend: index === 0 && i === 0,
        hovertemplate: `random, step ${checkpoint.step}<br>%{x} edges: %{y:.1f} %<extra></extra>`,
      }));
    });
    for (const checkpoint of checkpoints) {
      data.push(curveTrace(checkpoint.curve, measure, {
        ...axes,
        mode: checkpoints.length > 30 ? "lines" : "lines+markers",
        marker: { size: 4 },
        line: { color: stepColour(place(checkpoint.step)), width: 1.6 },
        name: `step ${checkpoint.step}`,
        hovertemplate: `step ${checkpoint.step}<br>%{x} edges: %{y:.1f} %<extra></extra>`,
      }));
    }
  });
  data.push(colourBar(ends));
  const panels = sorted.map((summary, i) => ({
    title: `${looks[i].name} · ${taskTitle(summary.task)}${finalAreas(summary)}`,
    xTitle: "edges in the circuit",
    yTitle: measure === "faithfulness" ? "% of the clean metric" : "% above the corrupted level",
    y: { range: [lowest(summary, measure), 130] },
  }));
  const layout = panelGrid(panels, columns);
  layout.shapes = sorted.flatMap((summary, i) =>
    summary.config?.verify === false ? [] : [levelLine(i, 100 * summary.threshold)]
  );
  const rows = Math.ceil(sorted.length / columns);
  return {
    title: "Faithfulness against circuit size",
    caption:
      "Each line is a checkpoint. Dotted grey: random circuits of the same sizes. The dotted " +
      "level is the threshold of the search. Values outside the axis are clipped; drag to zoom." +
      leftOut(summaries),
    data,
    layout: { ...layout, margin: { l: 62, r: 96, t: 34, b: 54 } },
    width: columns === 1 ? 760 : 1160,
    height: 90 + 330 * rows,
  };
}

/** Returns the start of the axis in percent: low enough for the last checkpoint's random circuits, −150 at least. */
function lowest(summary: CircuitSummary, measure: Measure): number {
  const checkpoints = ableCheckpoints(summary);
  const last = checkpoints.reduce((a, b) => b.step > a.step ? b : a, checkpoints[0]);
  const random = (last?.random ?? []).map((p) => 100 * p[measure] - 10);
  return Math.max(-150, Math.min(-15, ...random));
}

/** Returns MIB's areas at the last checkpoint, for the title of a panel; empty if the run did not measure them. */
function finalAreas({ checkpoints }: CircuitSummary): string {
  const last = checkpoints.reduce((a, b) => b.step > a.step ? b : a, checkpoints[0]);
  if (last?.cpr === undefined || last.cmd === undefined) return "";
  return ` · final CPR ${last.cpr.toFixed(2)}, CMD ${last.cmd.toFixed(2)}`;
}

/** Returns an invisible trace that adds the colour bar of the steps. */
function colourBar([low, high]: readonly [number, number]): Trace {
  const inside = (steps: number[]) =>
    steps.filter((step) => {
      const place = Math.log10(step + 1);
      return place >= low && place <= high;
    });
  const decades = inside([0, 1, 10, 100, 1000, 10_000, 100_000]);
  const halves = [0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));
  const round = decades.length > 2 ? decades : inside([0, ...halves]);
  const ticks = round.length > 1 ? round : [low, high].map((place) => Math.round(10 ** place - 1));
  return {
    type: "scatter",
    mode: "markers",
    x: [null],
    y: [null],
    showlegend: false,
    hoverinfo: "skip",
    marker: {
      size: 0.1,
      color: [0],
      cmin: low,
      cmax: high,
      colorscale: STEP_COLOURS,
      colorbar: {
        title: { text: "step" },
        thickness: 10,
        len: 0.7,
        outlinewidth: 0,
        tickvals: ticks.map((step) => Math.log10(step + 1)),
        ticktext: ticks.map((step) =>
          step >= 1000 && step % 1000 === 0 ? `${step / 1000}k` : String(step)
        ),
      },
    },
  };
}

/** Returns what the table shows of a circuit; nothing where the model does not do the task. */
function shownOf(
  summary: CircuitSummary,
  checkpoint: CheckpointSummary,
): Partial<CheckpointSummary> {
  return checkpointAble(summary, checkpoint) ? checkpoint : {};
}

function printAreas(summaries: CircuitSummary[]) {
  const rows = summaries.flatMap((summary) =>
    summary.checkpoints.map((c) => ({
      model: summary.model,
      task: summary.task,
      step: c.step,
      ...shownOf(summary, c),
    }))
  );
  const columns: Column<typeof rows[number]>[] = [
    { header: "model", value: (row) => row.model },
    { header: "task", value: (row) => row.task },
    { header: "step", value: (row) => row.step },
    { header: "edges", value: (row) => row.edges },
    { header: "faithfulness", value: (row) => row.faithfulness, digits: 3 },
    { header: "CPR", value: (row) => row.cpr, digits: 3 },
    { header: "CMD", value: (row) => row.cmd, digits: 3 },
  ];
  printTable(columns, rows);
}

if (import.meta.main) {
  const command = summaryCommand({
    name: "faithfulness",
    description: "Faithfulness against circuit size, with random circuits and the threshold.",
    examplePath: "results/graphs/pythia-160m/ioi",
  }).option("--normalized", "subtract the corrupted level, as MIB does").parse();
  await runPlot(command, async (paths, { normalized }) => {
    const summaries = await givenSummaries(paths);
    printAreas(summaries);
    return faithfulnessFigure(summaries, normalized ? "normalized" : "faithfulness");
  });
}
