/**
 * Draws figure 4, algorithmic consistency: the share of direct, S2-inhibition and tertiary effects inside the circuit
 * that heads of the known types explain, over training, with a line per model. An open circle marks a level without
 * receivers (no name movers, or no S2-inhibition heads) and so nothing to explain. A gap: the model does not do the task.
 */
import {
  type Consistency,
  findResults,
  ioiConsistencies,
  type StoredOf,
} from "../utils/results/mod.ts";
import { taskTitle } from "./display_names.ts";
import {
  axesOf,
  byRun,
  compareModels,
  type Figure,
  logRange,
  modelColour,
  panelGrid,
  plotCommand,
  requirePaths,
  runDash,
  runPlot,
  type TimeAxis,
  timeAxis,
  type Trace,
} from "./figures/mod.ts";

const LEVELS = [
  {
    key: "direct_effects",
    effects: "direct",
    title: "Direct effects: name movers and copy suppression",
    heads: ["name_movers", "negative_name_movers", "copy_suppression", "negative_copy_suppression"],
  },
  {
    key: "s2i_effects",
    effects: "s2i",
    title: "Effects on name movers’ queries: S2 inhibition",
    heads: ["s2_inhibition"],
  },
  {
    key: "tertiary_effects",
    effects: "tertiary",
    title: "Effects on S2 inhibition: induction and duplicate tokens",
    heads: ["induction", "duplicate_token"],
  },
] as const;

type Level = typeof LEVELS[number];

/** What figure 4 needs of a checkpoint. */
export type ConsistencyEntry = Omit<Consistency, "cspa_from">;

export interface ConsistencyPoint {
  step: number;
  /** null where the model does not do the task */
  percent: number | null;
  /** false if the level had no receivers, and so nothing to explain */
  measured: boolean;
  /** the heads that explain it */
  heads: string[];
}

/** Returns one level of a model over training, without step 0. */
export function levelPoints(
  entries: ReadonlyMap<number, ConsistencyEntry>,
  level: Level,
): ConsistencyPoint[] {
  return [...entries].filter(([step]) => step > 0).sort(([a], [b]) => a - b)
    .map(([step, entry]) => ({
      step,
      percent: entry.able === false ? null : entry[level.key],
      measured: entry.effects[level.effects] !== null,
      heads: [...new Set(level.heads.flatMap((kind) => entry.heads[kind]))],
    }));
}

export { LEVELS as CONSISTENCY_LEVELS };

/** Returns the figure, a panel per level. */
export function consistencyFigure(
  models: ReadonlyMap<string, ReadonlyMap<number, ConsistencyEntry>>,
  time: TimeAxis,
  task = "ioi",
): Figure {
  const names = [...models.keys()].sort(compareModels);
  const data: Trace[] = [];
  const everyX = names.flatMap((model) =>
    [...models.get(model)!.keys()].filter((step) => step > 0).map((step) => time.of(model, step))
  );
  LEVELS.forEach((level, index) => {
    for (const model of names) {
      const points = levelPoints(models.get(model)!, level);
      const colour = modelColour(model);
      data.push({
        type: "scatter",
        mode: "lines+markers",
        x: points.map(({ step }) => time.of(model, step)),
        y: points.map(({ percent }) => percent),
        customdata: points.map(({ step, heads, measured }) => [
          step,
          measured ? heads.join(", ") || "no head of the type" : "no receivers",
        ]),
        line: { color: colour, width: 2.2, dash: runDash(model, names) },
        marker: {
          color: colour,
          size: 6.5,
          line: { color: colour, width: 1.5 },
          symbol: points.map(({ measured }) => measured ? "circle" : "circle-open"),
        },
        cliponaxis: false,
        name: model,
        legendgroup: model,
        showlegend: index === 0 && names.length > 1,
        hovertemplate:
          `${model}, step %{customdata[0]}: %{y:.1f} %<br>%{customdata[1]}<extra></extra>`,
        ...axesOf(index),
      });
    }
  });
  const panels = LEVELS.map(({ title }, index) => ({
    title,
    xTitle: time.title,
    yTitle:
      ["direct effects explained", "query effects explained", "value effects explained"][index],
    x: { range: logRange(everyX, 0.04) },
    y: { range: [0, 103], ticksuffix: " %", dtick: 25 },
  }));
  return {
    title: `Algorithmic consistency: ${taskTitle(task)}` +
      (names.length === 1 ? `, ${names[0]}` : ""),
    caption:
      "Share of the effects inside the circuit that heads of the known types explain. Open circles: no head received " +
      "effects at this level. Gaps: the model does not do the task.",
    data,
    layout: {
      ...panelGrid(panels, 3, 0.075),
      legend: { orientation: "h", x: 0, y: -0.24, yanchor: "top" },
    },
    width: 1240,
    height: 400,
  };
}

/** Returns the entries of each run, by its name. */
export function consistencyOf(files: readonly StoredOf<typeof ioiConsistencies>[]) {
  return byRun(files, ({ entries }) => entries);
}

if (import.meta.main) {
  const command = plotCommand({
    name: "figure_4",
    description: "Share of the circuit's effects that the known algorithm explains, over training.",
    paths: "files in results/algorithmic_consistency, or the folder",
    examplePath: "results/algorithmic_consistency/ioi",
  }).option("--steps", "show training steps instead of tokens").parse();
  await runPlot(command, async (args, { steps }) => {
    const paths = requirePaths(args, "files of algorithmic consistency, or their folder");
    const files = await findResults(paths, [ioiConsistencies]);
    return consistencyFigure(consistencyOf(files), timeAxis(steps));
  });
}
