/**
 * Draws figure 3, swaps: the change of the metric when heads of one checkpoint (source, across) replace those of
 * another (target, down). Each model, task and group of heads has a panel. Panels of one metric share a scale,
 * symmetric around 0. Reads the JSON of get_component_swaps.ts, and the CSV tables of the original project (source,
 * target, baseline_val, swapped_val, difference).
 */
import { parse } from "@std/csv";
import { basename, dirname, extname } from "@std/path";
import { UserError } from "../utils/base/mod.ts";
import { componentSwaps, findResults } from "../utils/results/mod.ts";
import { metricName, taskTitle, withoutUnderscores } from "./display_names.ts";
import {
  axesOf,
  colourAxis,
  colourAxisName,
  compareModels,
  type Figure,
  heatTrace,
  panelGrid,
  plotCommand,
  requirePaths,
  runPlot,
} from "./figures/mod.ts";

const COLUMNS = ["source", "target", "baseline_val", "swapped_val", "difference"] as const;

/** The swaps of one group of heads. */
export interface SwapGrid {
  model: string;
  /** title of the task */
  task: string;
  /** which heads */
  title: string;
  metric: string;
  /** ascending */
  steps: number[];
  /** [target][source]; null if that swap was not made */
  difference: (number | null)[][];
  /** metric of each target without a swap */
  baseline: number[];
}

interface Swap {
  source: number;
  target: number;
  baseline: number;
  difference: number;
}

const GROUP_TITLES: Record<string, string> = {
  whole_circuit: "all heads of the circuit",
  nmh: "name movers",
  s2i: "S2 inhibition",
  csh: "copy suppression",
  idh: "induction",
};

const groupTitle = (group: string) => GROUP_TITLES[group] ?? withoutUnderscores(group);

/** Returns the swaps as a square grid over all steps that occur. */
export function swapGrid(
  about: Pick<SwapGrid, "model" | "task" | "title" | "metric">,
  swaps: readonly Swap[],
): SwapGrid {
  const steps = [...new Set(swaps.flatMap(({ source, target }) => [source, target]))]
    .sort((a, b) => a - b);
  const difference = steps.map(() => new Array<number | null>(steps.length).fill(null));
  const baseline = steps.map(() => NaN);
  for (const swap of swaps) {
    const row = steps.indexOf(swap.target);
    difference[row][steps.indexOf(swap.source)] = swap.difference;
    baseline[row] = swap.baseline;
  }
  return { ...about, steps, difference, baseline };
}

async function jsonGrids(paths: string[]): Promise<SwapGrid[]> {
  const files = await findResults(paths, [componentSwaps]);
  return files.flatMap(({ path, header: { model, metric }, steps, entries }) => {
    const groups = new Set([...entries.values()].flatMap((entry) => Object.keys(entry)));
    return [...groups].map((group) => {
      const swaps = steps.flatMap((target) => {
        const found = entries.get(target)![group];
        return Object.entries(found?.difference ?? {}).map(([source, difference]) => ({
          source: Number(source),
          target,
          baseline: found.baseline_val,
          difference,
        }));
      });
      const task = taskTitle(basename(path, ".json"));
      return swapGrid({ model, task, title: groupTitle(group), metric }, swaps);
    });
  });
}

/** Parses a table of the original project, such as `pythia-160m/ioi_nmh_logit_diff_results.csv`. */
export function csvGrid(path: string, text: string): SwapGrid {
  const rows = parse(text, { skipFirstRow: true }) as Record<string, string>[];
  const missing = COLUMNS.find((column) => rows.length === 0 || !(column in rows[0]));
  if (missing) {
    throw new UserError(
      `${path}: expected the columns ${COLUMNS.join(", ")}, found no "${missing}"`,
    );
  }
  const swaps = rows.map((row, i) => {
    const number = (column: typeof COLUMNS[number]) => {
      const value = Number(row[column]);
      if (row[column].trim() !== "" && Number.isFinite(value)) return value;
      throw new UserError(
        `${path}, row ${i + 2}: expected a number as ${column}, found "${row[column]}"`,
      );
    };
    return {
      source: number("source"),
      target: number("target"),
      baseline: number("baseline_val"),
      difference: number("difference"),
    };
  });
  const name = basename(path, extname(path)).replace(/_results$/, "");
  const metric = /(logit_diff|prob_diff)$/.exec(name)?.[1] ?? "metric";
  const [task, ...heads] = name.replace(metric, "").split("_").filter((word: string) =>
    word !== ""
  );
  const group = heads.join("_");
  return swapGrid({
    model: basename(dirname(path)),
    task: taskTitle(task),
    title: groupTitle(group),
    metric,
  }, swaps);
}

/** Reads the .csv files named in `paths`, and the JSON files at all other paths. */
export async function readSwaps(paths: string[]): Promise<SwapGrid[]> {
  const isTable = (path: string) => extname(path).toLowerCase() === ".csv";
  const grids: SwapGrid[] = [];
  for (const path of paths.filter(isTable)) {
    const text = await Deno.readTextFile(path).catch(() => {
      throw new UserError(`expected a table of swaps, found nothing at ${path}`);
    });
    grids.push(csvGrid(path, text));
  }
  const others = paths.filter((path) => !isTable(path));
  if (others.length > 0) grids.push(...await jsonGrids(others));
  return grids;
}

/** Formats a number with one decimal and a real minus sign, without a sign before zero. */
function shortNumber(value: number | null): string {
  const text = value === null ? "" : Math.abs(value).toFixed(1);
  return value !== null && value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** Side of a panel in pixels: one alone is larger. */
const SIDES = { alone: 560, each: 300 };

/** Returns the figure of all grids, side by side. */
export function swapsFigure(given: readonly SwapGrid[]): Figure {
  const grids = [...given].sort((a, b) => compareModels(a.model, b.model));
  const side = grids.length === 1 ? SIDES.alone : SIDES.each;
  const columns = Math.min(3, grids.length);
  const rows = Math.ceil(grids.length / columns);
  const metrics = [...new Set(grids.map(({ metric }) => metric))];
  const margin = { l: 74, r: 30 + 70 * metrics.length, t: 34, b: 62 };
  const gap = { width: 74, height: 92 };
  const inner = {
    width: columns * side + (columns - 1) * gap.width,
    height: rows * side + (rows - 1) * gap.height,
  };
  const shared = (values: string[]) => new Set(values).size === 1 ? values[0] : undefined;
  const model = shared(grids.map((grid) => grid.model)),
    task = shared(grids.map((grid) => grid.task));
  const nameOf = (grid: SwapGrid) =>
    [model ? "" : grid.model, task ? "" : grid.task, grid.title].filter(Boolean).join(", ");
  const panels = grids.map((grid, index) => {
    const { steps } = grid;
    const names = steps.map((step) => step >= 1000 && step % 1000 === 0 ? `${step / 1000}k` : step);
    const ticks = (most: number) => {
      const every = Math.ceil(steps.length / most);
      const tickvals = steps.map((_, i) => i).filter((i) => (steps.length - 1 - i) % every === 0);
      return { tickvals, ticktext: tickvals.map((i) => names[i]) };
    };
    const axis = {
      type: "linear",
      showline: false,
      ticks: "",
      showgrid: false,
      tickangle: 0,
    };
    return {
      title: nameOf(grid),
      xTitle: "heads of step",
      yTitle: index % columns === 0 ? "in the model of step" : "",
      x: { ...axis, ...ticks(8), range: [-0.5, steps.length - 0.5] },
      y: { ...axis, ...ticks(12), range: [-0.5, steps.length - 0.5] },
    };
  });
  const layout = panelGrid(panels, columns);
  const annotations = layout.annotations as Record<string, unknown>[];
  const data = grids.map((grid, index) => {
    const left = (index % columns) * (side + gap.width) / inner.width;
    const top = 1 - Math.floor(index / columns) * (side + gap.height) / inner.height;
    const { xaxis, yaxis } = axesOf(index);
    const place = (axis: string, domain: [number, number]) =>
      (layout[`${axis[0]}axis${axis.slice(1)}`] as Record<string, unknown>).domain = domain;
    place(xaxis, [left, left + side / inner.width]);
    place(yaxis, [top - side / inner.height, top]);
    Object.assign(annotations[index], { x: left, y: top });
    const cells = grid.difference.map((row, t) =>
      row.map((_, s) => [grid.steps[s], grid.steps[t], grid.baseline[t]])
    );
    const fits = grid.steps.length <= 9;
    return heatTrace(index, grid.difference, colourAxisName(metrics.indexOf(grid.metric)), {
      customdata: cells,
      hovertemplate:
        `${grid.model}, ${grid.task}, ${grid.title}<br>heads of step %{customdata[0]} in step ` +
        `%{customdata[1]}<br>%{z:+.3f} (without: %{customdata[2]:.3f})<extra></extra>`,
      ...(fits
        ? {
          text: grid.difference.map((row) => row.map(shortNumber)),
          texttemplate: "%{text}",
          textfont: { size: 9 },
        }
        : {}),
    });
  });
  metrics.forEach((metric, i) => {
    const values = grids.filter((grid) => grid.metric === metric)
      .flatMap(({ difference }) => difference.flat()).map((value) => Math.abs(value ?? 0));
    const size = values.reduce((a, b) => Math.max(a, b), 0) || 1;
    layout[colourAxisName(i)] = colourAxis([-size, size], {
      signed: true,
      unit: "",
      title: `change of the ${metricName(metric)}`,
      at: {
        x: 1 + (14 + 74 * i) / inner.width,
        y: 1 - side / inner.height / 2,
        length: side / inner.height,
      },
    });
  });
  const width = inner.width + margin.l + margin.r, height = inner.height + margin.t + margin.b;
  return {
    title: ["Heads of one checkpoint in another", model, task].filter(Boolean).join(", "),
    caption:
      "Change of the metric when heads of one checkpoint replace those of another. Blue: the model does better with them.",
    data,
    layout: { ...layout, margin, width, height, autosize: false },
    width,
    height,
  };
}

if (import.meta.main) {
  const command = plotCommand({
    name: "figure_3",
    description: "Swaps of heads between checkpoints, source by target.",
    paths: "files in results/comp_swap, the folder, or .csv tables of the original project",
    examplePath: "results/comp_swap/pythia-160m",
  }).parse();
  await runPlot(
    command,
    async (paths) => swapsFigure(await readSwaps(requirePaths(paths, "files of component swaps"))),
  );
}
