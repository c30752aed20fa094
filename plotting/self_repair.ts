/**
 * Draws self-repair over training: what happens when the circuit's name movers are ablated. Left: the logit
 * difference of the model, whole and ablated. Middle: the summed change of the other heads' direct contributions,
 * inside and outside the circuit. Right: the heads that change most. A row per model. A hollow point means that no
 * head was ablated.
 */
import {
  findResults,
  type SelfRepairEntry,
  selfRepairs,
  type StoredOf,
} from "../utils/results/mod.ts";
import { headName } from "../utils/names/mod.ts";
import {
  axesOf,
  byRun,
  compareModels,
  endLabels,
  type Figure,
  HeadPalette,
  logRange,
  panelGrid,
  plotCommand,
  requirePaths,
  runPlot,
  type TimeAxis,
  timeAxis,
  type Trace,
} from "./figures/mod.ts";

/** What the figure needs of a checkpoint; all in logits. */
export type RepairEntry = Pick<
  SelfRepairEntry,
  | "logit_diff"
  | "ablated_logit_diff"
  | "ablation_targets"
  | "per_head_logit_diff_delta"
  | "summed_in_circuit_head_delta"
  | "summed_outside_circuit_head_delta"
  | "summed_total_head_delta"
>;

export type Repairs = [step: number, entry: RepairEntry][];

/** Returns the entries by step, without step 0. */
export function repairsOf({ entries }: StoredOf<typeof selfRepairs>): Repairs {
  return [...entries].filter(([step]) => step > 0);
}

export interface ChangingHead {
  head: string;
  changes: number[];
  /** for each checkpoint, whether the head itself was ablated */
  silenced: boolean[];
}

/**
 * Returns the heads that change most. Candidates are the `count` heads with the largest |change| at each checkpoint
 * where heads were ablated. Keeps the `count` candidates with the largest mean |change|.
 */
export function changingHeads(repairs: Repairs, count = 5): ChangingHead[] {
  const heads = (repairs[0]?.[1].per_head_logit_diff_delta ?? []).flatMap((row, l) =>
    row.map((_, h): ChangingHead => ({
      head: headName([l, h]),
      changes: repairs.map(([, entry]) => entry.per_head_logit_diff_delta[l][h]),
      silenced: repairs.map(([, entry]) => entry.ablation_targets.includes(headName([l, h]))),
    }))
  );
  const candidates = new Set<ChangingHead>();
  repairs.forEach(([, { ablation_targets }], i) => {
    if (ablation_targets.length === 0) return;
    const size = ({ changes }: ChangingHead) => Math.abs(changes[i]);
    for (const head of heads.toSorted((a, b) => size(b) - size(a)).slice(0, count)) {
      if (size(head) > 0) candidates.add(head);
    }
  });
  const total = ({ changes }: ChangingHead) => changes.reduce((sum, x) => sum + Math.abs(x), 0);
  return [...candidates].sort((a, b) => total(b) - total(a)).slice(0, count);
}

const SUMS = [
  { key: "summed_in_circuit_head_delta", name: "in the circuit", colour: "#3f74b8" },
  { key: "summed_outside_circuit_head_delta", name: "outside", colour: "#cc6a2c" },
  { key: "summed_total_head_delta", name: "all", colour: "#8c9299" },
] as const;

const WHOLE = [
  { key: "logit_diff", name: "whole model", colour: "#7d8793" },
  { key: "ablated_logit_diff", name: "ablated", colour: "#a8559a" },
] as const;

/** Returns the figure, a row of three panels per run. */
export function selfRepairFigure(
  models: ReadonlyMap<string, Repairs>,
  time: TimeAxis,
): Figure {
  const names = [...models.keys()].sort(compareModels);
  const data: Trace[] = [];
  const everyX = names.flatMap((model) => models.get(model)!.map(([step]) => time.of(model, step)));
  const panels = names.flatMap((model, row) => {
    const repairs = models.get(model)!;
    const x = repairs.map(([step]) => time.of(model, step));
    const targets = repairs.map(([, entry]) => entry.ablation_targets);
    const draw = (column: number, name: string, colour: string, y: number[], more: Trace = {}) =>
      data.push({
        type: "scatter",
        mode: "lines+markers",
        x,
        y,
        name,
        customdata: repairs.map(([step], i) => [step, targets[i].join(", ") || "none"]),
        line: { color: colour, width: 2 },
        marker: {
          size: 5.5,
          color: colour,
          line: { color: colour, width: 1.4 },
          symbol: targets.map((heads) => heads.length > 0 ? "circle" : "circle-open"),
        },
        hovertemplate: `${model}, ${name}, step %{customdata[0]}: %{y:.3f}` +
          `<br>ablated: %{customdata[1]}<extra></extra>`,
        showlegend: false,
        ...axesOf(3 * row + column),
        ...more,
      });
    const end = Math.max(0, ...x);
    const label = (
      column: number,
      lines: readonly { name: string; colour: string; y: number[] }[],
    ): [number, number] => {
      const values = [0, ...lines.flatMap(({ y }) => y)];
      const low = Math.min(...values), high = Math.max(...values);
      const pad = 0.06 * (high - low || 1);
      const range: [number, number] = [low < 0 ? low - pad : 0, high + pad];
      const labels = lines.map(({ name, colour, y }) => ({ text: name, colour, y: y.at(-1) ?? 0 }));
      data.push(endLabels(3 * row + column, end, labels, range));
      return range;
    };
    const both = WHOLE.map((w) => ({ ...w, y: repairs.map(([, entry]) => entry[w.key]) }));
    both.forEach(({ name, colour, y }) => draw(0, name, colour, y));
    const sums = SUMS.map((s) => ({ ...s, y: repairs.map(([, entry]) => entry[s.key]) }));
    sums.toReversed().forEach(({ name, colour, y, key }) =>
      draw(1, name, colour, y, key === SUMS[2].key ? { line: { color: colour, dash: "dot" } } : {})
    );
    const heads = changingHeads(repairs);
    const colours = new HeadPalette().panel(heads.map(({ head }) => head));
    const lines = heads.map(({ head, changes }, i) => ({
      name: head,
      colour: colours[i],
      y: changes,
    }));
    lines.forEach(({ name, colour, y }) => draw(2, name, colour, y));
    const prefix = names.length > 1 ? `${model}: ` : "";
    // up to the last point: a line across the axis would strike through the labels there
    [0, 1, 2].forEach((column) =>
      data.push({
        ...{ type: "scatter", mode: "lines", showlegend: false, hoverinfo: "skip" },
        x: [Math.min(...everyX), end],
        y: [0, 0],
        line: { color: "rgba(140,146,153,0.6)", width: 1 },
        ...axesOf(3 * row + column),
      })
    );
    const common = (column: number, range: [number, number]) => ({
      xTitle: row === names.length - 1 ? time.title : "",
      yTitle: column === 0 ? "logits" : "",
      x: { range: logRange(everyX, 0.3) },
      y: { range, zeroline: false },
    });
    return [
      {
        title: `${prefix}Logit difference, name movers ablated or not`,
        ...common(0, label(0, both)),
      },
      { title: `${prefix}Summed change of contributions`, ...common(1, label(1, sums)) },
      { title: `${prefix}Change of the heads that change most`, ...common(2, label(2, lines)) },
    ];
  });
  return {
    title: "Self-repair over training" + (names.length === 1 ? `: ${names[0]}` : ""),
    caption:
      "Ablation of the circuit’s name movers, and the change it causes in the direct contributions of other heads to " +
      "the logit difference. Hollow points: there was no name mover to ablate.",
    data,
    layout: panelGrid(panels, 3),
    width: 1240,
    height: 90 + 300 * names.length,
  };
}

if (import.meta.main) {
  const command = plotCommand({
    name: "self_repair",
    description: "Change of heads' direct effects when the name movers are ablated, over training.",
    paths: "files in results/backup, or the folder",
    examplePath: "results/backup",
  }).option("--steps", "show training steps instead of tokens").parse();
  await runPlot(command, async (args, { steps }) => {
    const paths = requirePaths(args, "files of self-repair, or their folder");
    const files = await findResults(paths, [selfRepairs]);
    return selfRepairFigure(byRun(files, repairsOf), timeAxis(steps));
  });
}
