/** Figures of the notebooks: layer × head heat maps, charts of points, lines and columns, and a timeline of roles. */
import { headName } from "../utils/names/mod.ts";
import { Figure, withMinus } from "./display.ts";
import { diverging, label, linearScale, picture, type Scale, stepScale, tag } from "./svg.ts";

const GREY = "#8a919c", RULE = "#e3e6ea";

/** Colours of the two names of a prompt. */
export const IO_COLOUR = "#2166ac", S_COLOUR = "#c2571a";
/** Colours of heads and roles, to take in turn. */
export const COLOURS = [
  "#2166ac",
  "#c2571a",
  "#3b8f5a",
  "#8e5aa8",
  "#b8912f",
  "#4aa5b8",
  "#c14b7a",
  "#6b7480",
  "#a3b53c",
];

/** A matrix of heads to draw. */
export interface HeatMap {
  /** text above the matrix */
  title: string;
  /** `[L, H]` */
  values: ArrayLike<number>;
  /** value of the strongest colour; default: the largest absolute value */
  limit?: number;
  /** decimals of the numbers in the cells; default 2 */
  digits?: number;
}

/** Draws layer × head matrices side by side, layer 0 at the bottom; blue is negative, red positive, white 0. */
export function heatMaps(
  maps: readonly HeatMap[],
  { nLayers, nHeads }: { nLayers: number; nHeads: number },
): Figure {
  const numbers = nHeads <= 8;
  const cell = numbers ? 42 : Math.max(12, Math.floor(330 / nHeads));
  const height = numbers ? 24 : cell;
  const [left, top, gap, bottom] = [44, 30, 26, 34];
  const width = left + nHeads * cell + gap;
  const columns = Math.max(1, Math.min(maps.length, Math.floor(1000 / width)));
  const down = top + nLayers * height + bottom;
  const parts = maps.map((map, i) => {
    const x = (i % columns) * width + left, y = Math.floor(i / columns) * down + top;
    return heatMap(map, { nLayers, nHeads, cell, height, numbers }, x, y);
  });
  const title = maps.map((m) => m.title).join("; ");
  const rows = Math.ceil(maps.length / columns);
  return new Figure(picture(columns * width, rows * down, title, parts), title);
}

function heatMap(
  { title, values, limit, digits = 2 }: HeatMap,
  { nLayers, nHeads, cell, height, numbers }: {
    nLayers: number;
    nHeads: number;
    cell: number;
    height: number;
    numbers: boolean;
  },
  x: number,
  y: number,
): string {
  const strongest = limit ?? Math.max(1e-9, ...Array.from(values, Math.abs));
  const parts = [label(title, x, y - 12, { bold: true, size: 12 })];
  for (let l = 0; l < nLayers; l++) {
    const rowY = y + (nLayers - 1 - l) * height;
    if (numbers || l % 4 === 0) {
      parts.push(label(`${l}`, x - 6, rowY + height / 2 + 4, { anchor: "end", fill: GREY }));
    }
    for (let h = 0; h < nHeads; h++) {
      const value = values[l * nHeads + h], share = value / strongest;
      const hover = `${headName([l, h])}: ${withMinus(value.toFixed(digits + 1))}`;
      const cellX = x + h * cell;
      parts.push(
        tag(
          "rect",
          { x: cellX, y: rowY, width: cell - 1, height: height - 1, fill: diverging(share) },
          tag("title", {}, hover),
        ),
      );
      if (numbers) {
        parts.push(label(withMinus(value.toFixed(digits)), cellX + cell / 2, rowY + 16, {
          anchor: "middle",
          size: 10,
          fill: Math.abs(share) > 0.55 ? "#ffffff" : "#2b2f36",
        }));
      }
    }
  }
  const below = y + nLayers * height + 14;
  for (let h = 0; h < nHeads; h += numbers ? 1 : 4) {
    parts.push(label(`${h}`, x + (h + 0.5) * cell, below, { anchor: "middle", fill: GREY }));
  }
  const middle = y + nLayers * height / 2;
  parts.push(label("layer", x - 28, middle, { anchor: "middle", fill: GREY, turned: true }));
  parts.push(label("head", x + nHeads * cell / 2, below + 14, { anchor: "middle", fill: GREY }));
  return parts.join("\n");
}

/** A series of a chart. */
export interface Mark {
  /** how the series is drawn */
  kind: "points" | "line" | "columns";
  /** text of the legend */
  name: string;
  /** CSS colour */
  colour: string;
  /** values on the x axis */
  x: ArrayLike<number>;
  /** values on the y axis, as many */
  y: ArrayLike<number>;
}

/** A chart with its axes. */
export interface ChartPanel {
  /** text above the chart */
  title: string;
  /** title of the x axis */
  xTitle: string;
  /** title of the y axis */
  yTitle: string;
  /** series, drawn in this order */
  marks: readonly Mark[];
  /** ends of the x axis; default: those of the values */
  xDomain?: readonly [number, number];
  /** ends of the y axis; default: those of the values and 0 */
  yDomain?: readonly [number, number];
  /** whether the x axis has training steps, on the scale of `trainingTime` */
  steps?: boolean;
}

/** Draws panels of points, lines and columns, `columns` in a row, with one legend. */
export function chart(panels: readonly ChartPanel[], columns = 3): Figure {
  const [width, height, top] = [columns > 2 ? 310 : 470, 250, 28];
  const legend = new Map(panels.flatMap((p) => p.marks.map((m) => [m.name, m.colour] as const)));
  const across = Math.min(columns, panels.length);
  const total = across * width;
  const parts: string[] = [];
  let [x, y] = [12, 16];
  for (const [name, colour] of legend) {
    const space = 26 + name.length * 6.2;
    if (x + space > total && x > 12) [x, y] = [12, y + 16];
    parts.push(tag("circle", { cx: x + 4, cy: y - 4, r: 4, fill: colour }));
    parts.push(label(name, x + 12, y));
    x += space;
  }
  const start = y + 4;
  panels.forEach((panel, i) => {
    const left = (i % columns) * width + 52;
    const upper = start + Math.floor(i / columns) * height + top;
    parts.push(chartPanel(panel, left, upper, width - 72, height - top - 46));
  });
  const rows = Math.ceil(panels.length / columns);
  const title = panels.map((p) => p.title).join("; ");
  return new Figure(picture(total, start + rows * height, title, parts), title);
}

function chartPanel(panel: ChartPanel, x: number, y: number, width: number, height: number) {
  const all = (axis: "x" | "y") => panel.marks.flatMap((m) => Array.from(m[axis]));
  const highest = Math.max(1, ...all("x"));
  const across = panel.steps
    ? stepScale(highest, [x, x + width])
    : linearScale(panel.xDomain ?? extent(all("x")), [x, x + width]);
  const up = linearScale(panel.yDomain ?? extent([0, ...all("y")]), [y + height, y]);
  const parts = [label(panel.title, x, y - 10, { bold: true, size: 12 })];
  for (const tick of up.ticks) {
    const at = up.at(tick);
    const stroke = tick === 0 ? "#b9bfc8" : RULE;
    parts.push(tag("line", { x1: x, x2: x + width, y1: at, y2: at, stroke }));
    parts.push(label(short(tick), x - 6, at + 4, { anchor: "end", fill: GREY }));
  }
  for (const tick of across.ticks) {
    parts.push(
      label(short(tick), across.at(tick), y + height + 16, { anchor: "middle", fill: GREY }),
    );
  }
  parts.push(...panel.marks.map((mark) => drawn(mark, across, up)));
  parts.push(
    label(panel.xTitle, x + width / 2, y + height + 32, { anchor: "middle", fill: GREY }),
    label(panel.yTitle, x - 38, y + height / 2, { anchor: "middle", fill: GREY, turned: true }),
  );
  return parts.join("\n");
}

function drawn({ kind, colour, x, y }: Mark, across: Scale, up: Scale): string {
  const points = Array.from(x, (value, i) => [across.at(value), up.at(y[i])] as const);
  if (kind === "line") {
    const text = points.map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" ");
    const line = tag("polyline", { points: text, fill: "none", stroke: colour, "stroke-width": 2 });
    return line + points.map(([cx, cy]) => tag("circle", { cx, cy, r: 2, fill: colour })).join("");
  }
  if (kind === "points") {
    return points.map(([cx, cy]) => tag("circle", { cx, cy, r: 2.6, fill: colour, opacity: "0.6" }))
      .join("");
  }
  const apart = points.length > 1 ? points[1][0] - points[0][0] : 12;
  return points.map(([px, py]) =>
    tag("rect", {
      x: px - apart / 2,
      y: py,
      width: Math.max(1, apart - 1),
      height: up.at(0) - py,
      fill: colour,
      opacity: "0.65",
    })
  ).join("");
}

const short = (tick: number): string =>
  withMinus(tick >= 10_000 ? `${tick / 1000}k` : String(Number(tick.toPrecision(6))));

function extent(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 1];
  const low = Math.min(...values), high = Math.max(...values);
  const margin = (high - low || 1) * 0.05;
  return [low === 0 ? 0 : low - margin, high + margin];
}

/** Counts the values in each of `bins` equal parts of `domain`, as columns; values outside count at the ends. */
export function histogram(
  values: ArrayLike<number>,
  domain: readonly [number, number],
  bins: number,
  style: { name: string; colour: string },
): Mark {
  const width = (domain[1] - domain[0]) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (const value of Array.from(values)) {
    const bin = Math.floor((value - domain[0]) / width);
    counts[Math.min(bins - 1, Math.max(0, bin))]++;
  }
  const x = counts.map((_, i) => domain[0] + (i + 0.5) * width);
  return { kind: "columns", ...style, x, y: counts };
}

/** A row of a timeline. */
export interface TimelineRow {
  /** text at the left */
  name: string;
  /** CSS colour of the steps at which the row is on */
  colour: string;
  /** whether the row is on, per step */
  on: readonly boolean[];
}

/** Draws at which training steps each row is on. */
export function timeline(
  title: string,
  steps: readonly number[],
  rows: readonly TimelineRow[],
): Figure {
  const [left, top, cell, height] = [190, 30, Math.max(18, Math.min(40, 640 / steps.length)), 18];
  const parts = [label(title, left, 18, { bold: true, size: 12 })];
  rows.forEach(({ name, colour, on }, i) => {
    const y = top + i * height;
    parts.push(label(name, left - 8, y + 13, { anchor: "end" }));
    on.forEach((is, s) => {
      const x = left + s * cell;
      const fill = is ? colour : "#f1f3f5";
      parts.push(tag("rect", { x, y, width: cell - 1, height: height - 2, fill }));
    });
  });
  const below = top + rows.length * height + 12;
  steps.forEach((step, s) => {
    parts.push(
      label(short(step), left + (s + 0.5) * cell, below, { anchor: "middle", fill: GREY, size: 9 }),
    );
  });
  parts.push(
    label("training step", left + steps.length * cell / 2, below + 16, {
      anchor: "middle",
      fill: GREY,
    }),
  );
  return new Figure(picture(left + steps.length * cell + 16, below + 26, title, parts), title);
}
