/**
 * Draws how circuits of features formed, a row per task:
 *
 *  1. presence of the final circuit's features at each checkpoint, each relative to its largest;
 *  2. share of these features, and of the edges between them, that have appeared by each checkpoint;
 *  3. overlap of the inputs of features that are kept from one checkpoint to the next, with those of unchanged and of other
 *     features;
 *  4. share of a circuit's new edges that are between kept features, with what chance gives.
 *
 * The first two are of one set of coders, the others of all sets. Bars are 95 % intervals over prompts.
 */
import { featureFormations, findResults, type StoredOf } from "../utils/results/mod.ts";
import { UserError } from "../utils/base/mod.ts";
import { compareTasks, taskTitle } from "./display_names.ts";
import {
  axesOf,
  colourAxis,
  colourAxisName,
  type Figure,
  HeadPalette,
  type Panel,
  panelGrid,
  plotCommand,
  requirePaths,
  runPlot,
  type Trace,
} from "./figures/mod.ts";

/** A result file of one task and set. */
export type Formation = StoredOf<typeof featureFormations>;

type Estimate = { mean: number; interval: [number, number] };

const COLUMNS = 4;

/** Returns the mean presence of each track at each step, relative to its largest, rows by appearance. */
export function presenceRows({ entries, header }: Pick<Formation, "entries" | "header">) {
  const rows = header.tracks.map(({ layer, role, numbers }, track) => {
    const means = header.steps.map((step) => {
      const values = entries.get(step)?.presence[track] ?? [];
      return values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
    });
    const most = Math.max(...means);
    return {
      name: `${layer}.${numbers.at(-1)} at ${role}`,
      values: means.map((x) => most === 0 ? 0 : x / most),
    };
  });
  const from = (values: number[]) => values.findIndex((x) => x >= 0.5);
  return rows.sort((a, b) => from(a.values) - from(b.values) || (a.name < b.name ? -1 : 1));
}

/** Returns the share of features and of edges that have appeared by each step. */
export function appearedShares({ header }: Pick<Formation, "header">) {
  const edges =
    header.answers?.edges.flatMap(({ source, target, appear }) =>
      appear ? [{ source, target, appear }] : []
    ) ?? [];
  const features = new Map<number, number>();
  for (const { source, target, appear } of edges) {
    features.set(source, appear[0]);
    features.set(target, appear[1]);
  }
  const share = (steps: number[]) =>
    header.steps.map((step) => steps.filter((at) => at <= step).length / Math.max(1, steps.length));
  return {
    features: share([...features.values()]),
    edges: share(edges.map(({ appear }) => appear[2])),
  };
}

const axisOf = (steps: readonly number[]) => ({
  type: "category",
  dtick: 1,
  categoryorder: "array",
  categoryarray: steps.map(String),
});

/** Returns the figure. @param set of the first two columns */
export function formationFigure(files: readonly Formation[], set: string): Figure {
  const tasks = [...new Set(files.map(({ header }) => header.task))].sort(compareTasks);
  const sets = [...new Set(files.map(({ header }) => header.set))].sort();
  const colours = new HeadPalette().panel(sets);
  const data: Trace[] = [];
  const named = new Set<string>();
  const panels = tasks.flatMap((task, row): Panel[] => {
    const of = (name: string) =>
      files.find(({ header }) => header.task === task && header.set === name);
    const main = of(set);
    if (!main) {
      const found = sets.join(", ");
      throw new UserError(`no formation of ${task} with the set ${set}; found the sets ${found}`);
    }
    const { steps } = main.header;
    data.push(...mainTraces(main, row * COLUMNS));
    sets.forEach((name, i) => {
      const answers = of(name)?.header.answers;
      const transitions = answers?.transitions ?? [];
      const common = { name: `set ${name}`, legendgroup: name, colour: colours[i] };
      const add = (
        column: number,
        points: { to: number; value: Estimate | null | undefined }[],
      ) => {
        data.push({
          ...estimates(points, common.colour),
          name: common.name,
          legendgroup: common.legendgroup,
          showlegend: !named.has(name),
          ...axesOf(row * COLUMNS + column),
        });
        named.add(name);
      };
      add(2, transitions.map(({ to, rewiring }) => ({ to, value: rewiring?.overlap })));
      add(3, transitions.map(({ to, growth }) => ({ to, value: growth?.refinement })));
    });
    const transitions = main.header.answers?.transitions ?? [];
    const dotted = (column: number, name: string, values: (number | null | undefined)[]) =>
      data.push({
        type: "scatter",
        mode: "lines",
        x: transitions.map(({ to }) => String(to)),
        y: values.map((value) => value ?? null),
        line: { color: "#8c9299", width: 1.2, dash: "dot" },
        name,
        showlegend: false,
        hovertemplate: `${name}, set ${set}: %{y:.2f}<extra></extra>`,
        ...axesOf(row * COLUMNS + column),
      });
    dotted(2, "unchanged feature", transitions.map(({ rewiring }) => rewiring?.ceiling));
    dotted(2, "another feature", transitions.map(({ rewiring }) => rewiring?.floor));
    dotted(3, "chance", transitions.map(({ growth }) => growth?.null_refinement?.mean));
    const x = axisOf(steps);
    const xTitle = row === tasks.length - 1 ? "training step" : "";
    const share = { range: [0, 1.02], rangemode: "tozero" };
    return [
      {
        title: `${taskTitle(task)}: presence of features`,
        xTitle,
        yTitle: "",
        x,
        y: { showticklabels: false, autorange: "reversed", title: { text: "features" } },
      },
      { title: "Have appeared", xTitle, yTitle: "share", x, y: share },
      { title: "Overlap of inputs with the checkpoint before", xTitle, x, y: share },
      { title: "New edges between kept features", xTitle, x, y: share },
    ];
  });
  return {
    title: `How circuits of features formed: ${files[0].header.model}`,
    caption:
      `Presence and appearance: set ${set}; a feature without a match at the checkpoint before counts as new. Points: mean and 95 % interval over prompts. Dotted, set ${set}: overlap of ` +
      "an unchanged and of another feature; refinement if the kept features were random.",
    data,
    layout: {
      ...panelGrid(panels, COLUMNS),
      coloraxis: colourAxis([0, 1], { signed: false, unit: "", title: "presence" }),
    },
    width: 1480,
    height: 90 + 290 * tasks.length,
  };
}

function mainTraces(main: Formation, panel: number): Trace[] {
  const rows = presenceRows(main), x = main.header.steps.map(String);
  const { features, edges } = appearedShares(main);
  const line = (name: string, y: number[], dash: string): Trace => ({
    type: "scatter",
    mode: "lines+markers",
    x,
    y,
    name,
    line: { color: "#3f74b8", width: 2, dash },
    showlegend: panel === 0,
    hovertemplate: `${name}, step %{x}: %{y:.2f}<extra></extra>`,
    ...axesOf(panel + 1),
  });
  return [
    {
      type: "heatmap",
      x,
      y: rows.map((_, i) => i),
      z: rows.map(({ values }) => values),
      customdata: rows.map(({ name }) => x.map(() => name)),
      coloraxis: colourAxisName(0),
      hovertemplate: "%{customdata}, step %{x}: %{z:.2f}<extra></extra>",
      ...axesOf(panel),
    },
    line("features", features, "dash"),
    line("edges", edges, "solid"),
  ];
}

function estimates(
  points: readonly { to: number; value: Estimate | null | undefined }[],
  colour: string,
): Trace {
  const there = points.flatMap(({ to, value }) => value ? [{ to, value }] : []);
  return {
    type: "scatter",
    mode: "lines+markers",
    x: there.map(({ to }) => String(to)),
    y: there.map(({ value }) => value.mean),
    error_y: {
      type: "data",
      symmetric: false,
      array: there.map(({ value }) => Math.max(0, value.interval[1] - value.mean)),
      arrayminus: there.map(({ value }) => Math.max(0, value.mean - value.interval[0])),
      thickness: 1.2,
      width: 3,
    },
    line: { color: colour, width: 2 },
    marker: { color: colour, size: 5.5 },
    hovertemplate: "step %{x}: %{y:.2f}",
  };
}

if (import.meta.main) {
  const command = plotCommand({
    name: "feature_formation",
    description: "Presence of features, appearance of edges, rewiring and growth of circuits.",
    paths: "files in results/feature_circuits, or the folder",
    examplePath: "results/feature_circuits/pythia-nano",
  }).option("--set <name>", "set of coders of the first two columns", "main").parse();
  await runPlot(command, async (args, { set }) => {
    const paths = requirePaths(args, "files of feature circuits, or their folder");
    return formationFigure(await findResults(paths, [featureFormations]), set);
  });
}
