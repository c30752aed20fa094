/**
 * Draws a sweep of transcoders: what arms cost the model, or how much variance they leave, against how many features are
 * active. A colour per kind, a marker per width; floors in grey. A hollow marker is not on the front of its width: an arm with
 * at most its L0 costs the model less.
 */
import { dirname, join } from "@std/path";
import {
  type EvaluatedArm,
  findResults,
  type SweepArm,
  type TranscoderSweep,
  transcoderSweeps,
} from "../utils/results/mod.ts";
import { UserError } from "../utils/base/mod.ts";
import {
  axesOf,
  type Figure,
  HEAD_COLOURS,
  logAxis,
  panelGrid,
  plotCommand,
  requirePaths,
  runPlot,
  saveFigure,
  type Trace,
} from "./figures/mod.ts";
import { chromiumPath } from "./page/mod.ts";
import { floorLabels, floorTraces, GREY, type SweepPanel } from "./sweep/floors.ts";

/** What is drawn: the rise of the loss, or the fraction of variance unexplained. */
export type SweepMeasure = "ce" | "fvu";

const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "star"];
const KINDS: Record<string, string> = {
  relu: "ReLU",
  topk: "TopK",
  batchtopk: "BatchTopK",
  jumprelu: "JumpReLU",
};

/** Keys that the label of a line has already, or that say where a point of it is. */
const LABELLED = ["activation", "kind", "skip", "features", "expansion_factor"];
const PLACES = ["hook_point", "out_hook_point", "hook_point_head_index"];

/** Returns what tells a line's kind from that of others: everything but width and sparsity. */
export function kindOf({ activation, kind, skip, settings, sparsity }: SweepArm): string {
  const others = Object.entries(settings)
    .filter(([key]) => ![...LABELLED, ...PLACES, sparsity.key].includes(key))
    .map(([key, value]) => `${key} ${value}`);
  const name = `${KINDS[activation] ?? activation}${skip ? " + skip" : ""}` +
    (kind === "transcoder" ? "" : ` ${kind === "sae" ? "SAE" : kind}`);
  return [name, ...others].join(", ");
}

const meanL0 = ({ places }: EvaluatedArm) =>
  places.reduce((sum, { l0 }) => sum + (l0 ?? 0), 0) / places.length;

function panelsOf(measure: SweepMeasure, { arms }: TranscoderSweep): SweepPanel[] {
  const layers = arms[0].coders.places.map(({ layer }, i): SweepPanel => ({
    title: measure === "ce" ? `Layer ${layer} alone` : `Layer ${layer}`,
    l0: ({ places }) => places[i].l0 ?? 0,
    value: ({ places }) => measure === "ce" ? places[i].alone.delta_ce : places[i].fvu,
  }));
  if (measure === "fvu") return layers;
  const all: SweepPanel = {
    title: layers.length > 1 ? "All layers, errors propagating" : layers[0].title,
    l0: meanL0,
    value: ({ propagating }) => propagating.delta_ce,
  };
  return layers.length > 1 ? [all, ...layers] : [all];
}

/** Returns the figure of a sweep at one checkpoint. */
export function sweepFigure(
  model: string,
  step: number,
  sweep: TranscoderSweep,
  measure: SweepMeasure,
): Figure {
  const { arms, streams } = sweep;
  const panels = panelsOf(measure, sweep);
  const kinds = [...new Set(arms.map(kindOf))];
  const widths = [...new Set(arms.map(({ width }) => width))].sort((a, b) => a - b);
  const lines = new Map<string, SweepArm[]>();
  for (const arm of arms) {
    const key = JSON.stringify([arm.stream, kindOf(arm), arm.width]);
    lines.set(key, [...lines.get(key) ?? [], arm]);
  }
  const data: Trace[] = [];
  const places = panels.map((panel, index) => {
    const { l0, value } = panel;
    const axes = axesOf(index);
    const xs = arms.map(({ coders }) => l0(coders)).filter((x) => x > 0);
    const [low, high] = [Math.min(...xs), Math.max(...xs)];
    const span = Math.log10(high / low) || 0.5;
    const x: [number, number] = [Math.log10(low) - 0.07 * span, Math.log10(high) + 0.42 * span];
    const end = high * 10 ** (0.05 * span);
    const { traces, labels } = floorTraces(sweep, panel, [10 ** x[0], end], axes);
    data.push(...traces);
    for (const line of lines.values()) {
      const sorted = line.toSorted((a, b) => l0(a.coders) - l0(b.coders));
      const colour = HEAD_COLOURS[kinds.indexOf(kindOf(line[0])) % HEAD_COLOURS.length];
      const shown = sorted.filter(({ coders }) => value(coders) > 0 && l0(coders) > 0);
      const shape = SYMBOLS[widths.indexOf(line[0].width) % SYMBOLS.length];
      data.push({
        type: "scatter",
        mode: "lines+markers",
        x: shown.map(({ coders }) => l0(coders)),
        y: shown.map(({ coders }) => value(coders)),
        customdata: shown.map(({ name, front }) => [name, front ? "on" : "not on"]),
        line: { color: colour, width: 1.5 },
        marker: {
          size: 7,
          color: colour,
          line: { color: colour, width: 1.4 },
          symbol: shown.map(({ front }) => front ? shape : `${shape}-open`),
        },
        hovertemplate: "%{customdata[0]}<br>L0 %{x:.1f}: %{y:.4g}" +
          "<br>%{customdata[1]} the front of its width<extra></extra>",
        showlegend: false,
        ...axes,
      });
    }
    const ys = [
      ...arms.map(({ coders }) => value(coders)),
      ...traces.flatMap((trace) => trace.y as number[]),
    ].filter((y) => y > 0).map(Math.log10);
    const [bottom, top] = ys.length > 0 ? [Math.min(...ys), Math.max(...ys)] : [-1, 0];
    const pad = 0.06 * (top - bottom || 1);
    const y: [number, number] = [bottom - pad, top + pad];
    data.push(floorLabels(labels, y, axes));
    return { panel, x, y };
  });
  data.push(...legend(kinds, widths, arms.some(({ front }) => !front)));
  const columns = panels.length === 4 ? 2 : Math.min(3, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const unit = measure === "ce" ? "Δ CE (nats)" : "FVU";
  const layout = panelGrid(
    places.map(({ panel: { title }, x, y }, i) => ({
      title,
      xTitle: i + columns >= panels.length ? "L0 (active features)" : "",
      yTitle: i % columns === 0 ? unit : "",
      x: logAxis(x),
      y: logAxis(y),
    })),
    columns,
  );
  const what = measure === "ce"
    ? "Rise of the loss over the model as it is"
    : "Fraction of variance unexplained";
  return {
    title: `Transcoders of ${model}, step ${step}: ${measure === "ce" ? "loss" : "FVU"} against L0`,
    caption:
      `${what}, on ${streams[0].tokens.toLocaleString("en")} tokens, against the number of ` +
      "active features. Both axes are logarithmic; a value of at most 0 is not drawn. Grey: floors, down to a third of the lowest arm.",
    data,
    layout,
    width: columns === 1 ? 640 : columns === 2 ? 900 : 1200,
    height: 110 + 290 * rows,
  };
}

/** Returns the entries of the legend: a colour per kind, a marker per width. */
function legend(kinds: readonly string[], widths: readonly number[], hollow: boolean): Trace[] {
  const entry = (name: string, mode: string, marker: Record<string, unknown>, color = GREY) => ({
    ...{ type: "scatter", x: [null], y: [null], hoverinfo: "skip", name, mode },
    line: { color, width: 2 },
    marker: { size: 8, color, line: { color, width: 1.4 }, ...marker },
  });
  return [
    ...kinds.map((kind, i) => entry(kind, "lines", {}, HEAD_COLOURS[i % HEAD_COLOURS.length])),
    ...widths.map((width, i) =>
      entry(`${width.toLocaleString("en")} features`, "markers", {
        symbol: SYMBOLS[i % SYMBOLS.length],
      })
    ),
    ...hollow ? [entry("not on the front of its width", "markers", { symbol: "circle-open" })] : [],
  ];
}

/** Writes the figures of a sweep beside its file; SVG and PNG where there is a browser. Returns the paths. */
export async function saveSweepFigures(
  path: string,
  formats: readonly ("html" | "svg" | "png")[],
): Promise<string[]> {
  const { entries, header: { model } } = await transcoderSweeps.read(path);
  const possible = formats.filter((format) => format === "html" || chromiumPath() !== undefined);
  const written: string[] = [];
  for (const [step, sweep] of entries) {
    for (const measure of ["ce", "fvu"] as const) {
      const figure = sweepFigure(model, step, sweep, measure);
      for (const format of possible) {
        const file = join(dirname(path), `step${step}_${measure}.${format}`);
        await saveFigure(figure, file);
        written.push(file);
      }
    }
  }
  return written;
}

if (import.meta.main) {
  const command = plotCommand({
    name: "transcoder_sweep",
    description: "What transcoders cost the model against how many features are active.",
    paths: "a sweep.json, or its folder",
    examplePath: "results/transcoders/pythia-nano/sweep",
  }).option("--fvu", "the fraction of variance unexplained instead of the loss")
    .option("--step <n>", "checkpoint of the model; default: the last").parse();
  await runPlot(command, async (args, { fvu, step }) => {
    const [{ path, steps, entries, header }, ...others] = await findResults(
      requirePaths(args, "the file of a sweep, or its folder"),
      [transcoderSweeps],
    );
    if (others.length > 0) {
      throw new UserError(`expected one sweep, found ${path} and ${others[0].path}; name one`, 2);
    }
    const wanted = step === undefined ? steps.at(-1)! : Number(step);
    const sweep = entries.get(wanted);
    if (!sweep) throw new UserError(`${path}: expected a step of ${steps}, found ${step}`, 2);
    return sweepFigure(header.model, wanted, sweep, fvu ? "fvu" : "ce");
  });
}
