/**
 * Draws figure 1, behaviour over training: four tasks, one line per model, with the interval of the mean as a band.
 * Steps (or tokens) are on a log axis, which cannot show step 0.
 */
import { metricName, taskTitle } from "./display_names.ts";
import {
  axesOf,
  byRun,
  compareModels,
  type Figure,
  modelColour,
  panelGrid,
  plotCommand,
  requirePaths,
  runDash,
  runPlot,
  type TimeAxis,
  timeAxis,
  type Trace,
  translucent,
} from "./figures/mod.ts";
import {
  findResults,
  type StoredOf,
  type TaskPerformances,
  taskPerformances,
} from "../utils/results/mod.ts";

const PANELS = [
  { task: "ioi", metric: "logit_diff" },
  { task: "gender_pronoun", metric: "logit_diff" },
  { task: "greater_than", metric: "prob_diff" },
  { task: "sva", metric: "prob_diff" },
];

/** The tasks of a model over training. */
export interface ModelPerformance {
  /** the model, or the name of its run (`runLooks`) */
  model: string;
  /** by step */
  entries: ReadonlyMap<number, TaskPerformances>;
}

/** Returns the 2 × 2 figure. A model without a task or metric is missing from that panel only. */
export function behaviourFigure(
  models: readonly ModelPerformance[],
  time: TimeAxis = timeAxis(true),
): Figure {
  const sorted = [...models].sort((a, b) => compareModels(a.model, b.model));
  const data: Trace[] = [];
  const names = sorted.map(({ model }) => model);
  const named = new Set<string>();
  PANELS.forEach(({ task, metric }, index) => {
    for (const { model, entries } of sorted) {
      const points = [...entries]
        .flatMap(([step, tasks]) => {
          const found = tasks[task]?.[metric];
          return found && step > 0 ? [{ step, ...found }] : [];
        })
        .sort((a, b) => a.step - b.step);
      if (points.length === 0) continue;
      const x = points.map(({ step }) => time.of(model, step));
      const colour = modelColour(model);
      data.push({
        type: "scatter",
        mode: "lines",
        x: [...x, ...x.toReversed()],
        y: [...points.map((p) => p.interval[0]), ...points.toReversed().map((p) => p.interval[1])],
        fill: "toself",
        fillcolor: translucent(colour, 0.25),
        line: { width: 0 },
        legendgroup: model,
        showlegend: false,
        hoverinfo: "skip",
        ...axesOf(index),
      }, {
        type: "scatter",
        mode: "lines",
        x,
        y: points.map((p) => p.mean),
        customdata: points.map((p) => [p.step, p.interval[0], p.interval[1]]),
        line: { color: colour, width: 2.4, dash: runDash(model, names) },
        name: model,
        legendgroup: model,
        showlegend: !named.has(model),
        hovertemplate: `${model}, step %{customdata[0]}<br>%{y:.3f} ` +
          `(%{customdata[1]:.3f} to %{customdata[2]:.3f})<extra></extra>`,
        ...axesOf(index),
      });
      named.add(model);
    }
  });
  const panels = PANELS.map(({ task, metric }, index) => ({
    title: taskTitle(task),
    xTitle: index >= 2 ? time.title : "",
    yTitle: metricName(metric),
    y: { zeroline: true, zerolinewidth: 1 },
  }));
  return {
    title: "Task behaviour over training",
    caption: "Each task’s metric, averaged over prompts. Bands are 95 % intervals of the mean.",
    data,
    layout: panelGrid(panels, 2),
    width: 1080,
    height: 720,
  };
}

/** Returns the performances of each run, under its name. */
export function performancesOf(
  files: readonly StoredOf<typeof taskPerformances>[],
): ModelPerformance[] {
  return [...byRun(files, ({ entries }) => entries)].map(([model, entries]) => ({
    model,
    entries,
  }));
}

if (import.meta.main) {
  const command = plotCommand({
    name: "figure_1",
    description: "Behaviour on the four tasks over training.",
    paths: "files in results/task_performance, or the folder",
    examplePath: "results/task_performance",
  }).option("--tokens", "show training tokens instead of steps, from each model's batch size")
    .parse();
  await runPlot(command, async (args, { tokens }) => {
    const paths = requirePaths(args, "task-performance files or their folder");
    const files = await findResults(paths, [taskPerformances]);
    return behaviourFigure(performancesOf(files), timeAxis(!tokens));
  });
}
