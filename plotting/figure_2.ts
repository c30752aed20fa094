/**
 * Draws figure 2, components over training: successor, induction, copy-suppression and name-mover scores.
 *
 *  1. A head is eligible if its largest score over time is at least 0.25 of the largest score of any head. If the
 *     model has circuits, the head must also be both source and target of in-circuit edges of a task, at one checkpoint
 *     at which the model does that task.
 *  2. For one model, draw all eligible heads. For several models, draw each model's eligible head with the largest
 *     score.
 *
 * All scores are fractions, including copy scores and CSPA, which other figures show in percent.
 */
import { filesBelow, isFolder } from "../utils/base/mod.ts";
import {
  ableCheckpoints,
  type CircuitSummary,
  findResults,
  readCircuitSummary,
} from "../utils/results/mod.ts";
import {
  axesOf,
  compareModels,
  type EndLabel,
  endLabels,
  type Figure,
  type HeadLine,
  headLines,
  HeadPalette,
  logRange,
  modelColour,
  panelGrid,
  plotCommand,
  requirePaths,
  runPlot,
  type TimeAxis,
  timeAxis,
  type Trace,
} from "./figures/mod.ts";
import { headSeries } from "./result_files/head_files.ts";
import { HEAD_MEASURES, MEASURED_KINDS } from "./result_files/head_measures.ts";
import { isSummary } from "./result_files/summaries.ts";

export const ELIGIBLE_SHARE = 0.25;

/** Heads of a single model that never reach this score are grey and have no label. */
const NAMED_FROM = 0.05;

/** The panels. `factor` converts the unit of other figures to a fraction. */
const PANELS = [
  { score: "successor", title: "Successor heads", yTitle: "successor score", factor: 1 },
  { score: "induction", title: "Induction heads", yTitle: "induction score", factor: 1 },
  { score: "cspa", title: "Copy-suppression heads", yTitle: "CSPA score", factor: 0.01 },
  { score: "copy", title: "Name-mover heads", yTitle: "copy score", factor: 0.01 },
] as const;

export type ComponentScore = typeof PANELS[number]["score"];

/** Lines of all heads of a model, by score. */
export type ModelComponents = Partial<Record<ComponentScore, HeadLine[]>>;

/**
 * Returns the heads that are both source and target of in-circuit edges at some checkpoint at which the model does the
 * task.
 */
export function circuitMembers(summaries: readonly CircuitSummary[]): Set<string> {
  const members = new Set<string>();
  for (const { circuit } of summaries.flatMap(ableCheckpoints)) {
    const targets = new Set(circuit.map((edge) => edge.target));
    for (const { source } of circuit) {
      if (source.startsWith("a") && targets.has(source)) members.add(source);
    }
  }
  return members;
}

/** Returns the eligible heads, largest first. Without `members`, heads need not be in a circuit. */
export function eligibleHeads(lines: readonly HeadLine[], members?: ReadonlySet<string>) {
  const top = (line: HeadLine) => Math.max(0, ...line.values);
  const largest = Math.max(0, ...lines.map(top));
  return lines.filter((line) => !members || members.has(line.head))
    .filter((line) => top(line) > 0 && top(line) >= ELIGIBLE_SHARE * largest)
    .sort((a, b) => top(b) - top(a));
}

/** Returns the 2 × 2 figure. `members` has the heads in circuits, for each model with circuits. */
export function componentsFigure(
  models: ReadonlyMap<string, ModelComponents>,
  members: ReadonlyMap<string, ReadonlySet<string>>,
  time: TimeAxis,
): Figure {
  const names = [...models.keys()].sort(compareModels);
  const single = names.length === 1;
  const data: Trace[] = [];
  const palette = new HeadPalette();
  const named = new Set<string>();
  const notes: Record<string, unknown>[] = [];
  const points = names.flatMap((model) =>
    Object.values(models.get(model)!)
      .flatMap((lines) => lines[0]?.steps.map((step) => time.of(model, step)) ?? [])
  );
  const panels = PANELS.map(({ score, title, yTitle, factor }, index) => {
    const chosen = names.flatMap((model) => {
      const heads = eligibleHeads(models.get(model)![score] ?? [], members.get(model));
      return (single ? heads : heads.slice(0, 1)).map((line) => ({ model, line }));
    });
    const strong = chosen.filter(({ line }) => Math.max(...line.values) * factor >= NAMED_FROM);
    const strongColours = palette.panel(strong.map(({ line }) => line.head));
    const colours = chosen.map((head) =>
      single ? strongColours[strong.indexOf(head)] ?? "#a9aeb5" : modelColour(head.model)
    );
    const labels: EndLabel[] = [];
    const heights: number[] = [0];
    chosen.forEach(({ model, line }, i) => {
      const y = line.values.map((value) => factor * value);
      heights.push(...y);
      if (!single || strong.includes(chosen[i])) {
        labels.push({ text: line.head, colour: colours[i], y: y.at(-1) ?? 0 });
      }
      data.push({
        type: "scatter",
        mode: y.length > 1 ? "lines" : "markers",
        x: line.steps.map((step) => time.of(model, step)),
        y,
        customdata: line.steps,
        line: { color: colours[i], width: labels.at(-1)?.text === line.head ? 2.2 : 1 },
        marker: { color: colours[i], size: 6 },
        name: single ? line.head : model,
        legendgroup: model,
        showlegend: !single && !named.has(model),
        hovertemplate: `${model} ${line.head}, step %{customdata}<br>%{y:.3f}<extra></extra>`,
        ...axesOf(index),
      });
      named.add(model);
    });
    const range = [Math.min(...heights) * 1.05, Math.max(0.25, ...heights) * 1.06] as const;
    const end = Math.max(
      0,
      ...chosen.flatMap(({ model, line }) => line.steps.map((step) => time.of(model, step))),
    );
    if (chosen.length > 0) data.push(endLabels(index, end, labels, range));
    else {
      // without a trace Plotly draws neither the axes nor the note
      data.push({ type: "scatter", x: [null], y: [null], showlegend: false, ...axesOf(index) });
      notes.push(emptyNote(index, names.some((model) => models.get(model)![score])));
    }
    return {
      title,
      xTitle: index >= 2 ? time.title : "",
      yTitle,
      x: { range: logRange(points) },
      y: { range: [...range], zeroline: true, zerolinewidth: 1 },
    };
  });
  const layout = panelGrid(panels, 2);
  layout.annotations = [...layout.annotations as unknown[], ...notes];
  const inCircuit = members.size > 0
    ? "in the circuit (as source and target) at a checkpoint at which the model does the task, "
    : "";
  return {
    title: single ? `Components over training: ${names[0]}` : "Components over training",
    caption: `${single ? "All heads" : "The strongest head of each model"} ${inCircuit}` +
      "with at least a quarter of the largest score of any head.",
    data,
    layout,
    width: 1080,
    height: 720,
  };
}

function emptyNote(index: number, measured: boolean): Record<string, unknown> {
  const { xaxis, yaxis } = axesOf(index);
  return {
    text: measured ? "no eligible head" : "not measured",
    showarrow: false,
    xref: `${xaxis} domain`,
    yref: `${yaxis} domain`,
    x: 0.5,
    y: 0.5,
  };
}

/** Reads the summaries in the folders among `paths`, if any. */
async function summariesBelow(paths: string[]): Promise<CircuitSummary[]> {
  const folders = paths.filter(isFolder);
  const files = await Promise.all(folders.map((folder) => filesBelow(folder, isSummary)));
  return await Promise.all(files.flat().map(readCircuitSummary));
}

/** Reads the scores below `paths`, and the circuits there unless `ignoreCircuits`. */
async function readComponents(paths: string[], ignoreCircuits: boolean) {
  const shown = Object.entries(HEAD_MEASURES).flatMap(([format, measures]) =>
    measures.flatMap((measure) => {
      const panel = PANELS.find(({ score }) => score === measure.name);
      return panel ? [{ format, measure, score: panel.score }] : [];
    })
  );
  const formats = new Set(shown.map(({ format }) => format));
  const kinds = MEASURED_KINDS.filter(({ format }) => formats.has(format));
  const files = await findResults(paths, kinds);
  const models = new Map<string, ModelComponents>();
  for (const file of files) {
    const { model } = file.header;
    const components = models.get(model) ?? {};
    for (const { measure, score } of shown.filter(({ format }) => format === file.format)) {
      components[score] = headLines(headSeries(file, measure));
    }
    models.set(model, components);
  }
  const members = new Map<string, Set<string>>();
  const summaries = ignoreCircuits ? [] : await summariesBelow(paths);
  for (const model of models.keys()) {
    const own = summaries.filter((summary) => summary.model === model);
    if (own.length > 0) members.set(model, circuitMembers(own));
  }
  return { models, members };
}

if (import.meta.main) {
  const command = plotCommand({
    name: "figure_2",
    description:
      "Successor, induction, copy-suppression and name-mover heads over training: the strongest " +
      "of each model, or all of a single model.",
    paths: "folders to search for result files of head scripts and summary.json",
    examplePath: "results",
  })
    .option("--all-heads", "include heads outside the circuits")
    .option("--steps", "show training steps instead of tokens").parse();
  await runPlot(command, async (args, { allHeads, steps }) => {
    const paths = requirePaths(args, "result files of head scripts, or their folders");
    const { models, members } = await readComponents(paths, allHeads ?? false);
    return componentsFigure(models, members, timeAxis(steps));
  });
}
