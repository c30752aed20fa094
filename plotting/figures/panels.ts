/** Lays out grids of panels, for all figures. */
import { NEUTRAL } from "./colours.ts";
import type { Trace } from "./figure.ts";

/** A panel of a figure. `x` and `y` override the common settings of its axes. */
export interface Panel {
  /** text above the panel */
  title: string;
  /** text below the horizontal axis */
  xTitle?: string;
  /** text beside the vertical axis */
  yTitle?: string;
  /** settings of the horizontal axis */
  x?: Record<string, unknown>;
  /** settings of the vertical axis */
  y?: Record<string, unknown>;
}

/** Returns the names of the axes of the i-th panel, as traces and shapes refer to them. */
export function axesOf(index: number): { xaxis: string; yaxis: string } {
  return { xaxis: `x${index === 0 ? "" : index + 1}`, yaxis: `y${index === 0 ? "" : index + 1}` };
}

/**
 * Returns the layout of a grid of panels, filled row by row. The x axis is logarithmic unless the panel overrides it.
 * `plotly_client.ts` adds the settings that all figures and axes share.
 * @param between gap between columns, as a fraction of the width
 */
export function panelGrid(
  panels: Panel[],
  columns: number,
  between = columns > 2 ? 0.045 : 0.075,
): Record<string, unknown> {
  const rows = Math.ceil(panels.length / columns);
  const across = (1 - between * (columns - 1)) / columns;
  const gap = rows > 1 ? 0.36 / (rows + 1) : 0;
  const down = (1 - gap * (rows - 1)) / rows;
  const layout: Record<string, unknown> = {
    margin: { l: 62, r: 24, t: 34, b: 54 },
    legend: { orientation: "h", x: 0, y: -0.16 / rows - 0.02, yanchor: "top" },
  };
  const annotations: Record<string, unknown>[] = [];
  panels.forEach((panel, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns);
    const left = column * (across + between);
    const top = 1 - row * (down + gap);
    const { xaxis, yaxis } = axesOf(index);
    layout[`xaxis${xaxis.slice(1)}`] = {
      type: "log",
      showline: true,
      ticks: "outside",
      dtick: 1,
      showgrid: false,
      domain: [left, left + across],
      anchor: yaxis,
      title: { text: panel.xTitle ?? "", standoff: 6 },
      ...panel.x,
    };
    layout[`yaxis${yaxis.slice(1)}`] = {
      showline: false,
      ticks: "",
      domain: [top - down, top],
      anchor: xaxis,
      title: { text: panel.yTitle ?? "", standoff: 8 },
      ...panel.y,
    };
    annotations.push({
      name: "title",
      text: panel.title,
      showarrow: false,
      xref: "paper",
      yref: "paper",
      x: left,
      y: top,
      xanchor: "left",
      yanchor: "bottom",
      yshift: 6,
      font: { size: 13 },
    });
  });
  return { ...layout, annotations };
}

/** Returns a hairline across one panel at height `y`. */
export function levelLine(index: number, y: number): Record<string, unknown> {
  const { xaxis, yaxis } = axesOf(index);
  return {
    type: "line",
    xref: `${xaxis} domain`,
    yref: yaxis,
    x0: 0,
    x1: 1,
    y0: y,
    y1: y,
    line: { color: "#c2571a", width: 1, dash: "dot" },
  };
}

/** Returns legend entries for thin, bold and dashed lines, because pictures do not have a caption. */
export function lineKeys(keys: { name: string; width: number; dash?: string }[]): Trace[] {
  return keys.map(({ name, width, dash = "solid" }) => ({
    type: "scatter",
    mode: "lines",
    x: [null],
    y: [null],
    name,
    hoverinfo: "skip",
    line: { color: NEUTRAL, width, dash },
  }));
}
