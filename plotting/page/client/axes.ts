/** Draws axes and curves as SVG. `styles/charts.css` styles them. */
import { svg } from "./dom.ts";
import type { Scale } from "./scales.ts";

/** Edges of the area between the axes, in pixels of the picture. */
export interface Frame {
  /** x of the vertical axis */
  left: number;
  /** x of the right end */
  right: number;
  /** y of the top */
  top: number;
  /** y of the horizontal axis */
  bottom: number;
}

/** Draws both axes with hairlines and labels, and omits labels that would touch. `xName` goes left of the x labels. */
export function axes(x: Scale, y: Scale, frame: Frame, xName?: string): SVGElement[] {
  const parts: SVGElement[] = [];
  for (const { at, label } of y.ticks) {
    parts.push(
      svg("line", { class: "grid", x1: frame.left, x2: frame.right, y1: at, y2: at }),
      svg(
        "text",
        { class: "tick", x: frame.left - 7, y: at, dy: "0.35em", "text-anchor": "end" },
        label,
      ),
    );
  }
  if (xName) {
    parts.push(
      svg("text", {
        class: "tick",
        x: frame.left - 7,
        y: frame.bottom + 16,
        "text-anchor": "end",
      }, xName),
    );
  }
  let last = -Infinity;
  for (const { at, label } of x.ticks) {
    parts.push(
      svg("line", {
        class: "tick-mark",
        x1: at,
        x2: at,
        y1: frame.bottom,
        y2: frame.bottom + 4,
      }),
    );
    if (at - last < 10 + 6.5 * label.length) continue;
    last = at;
    parts.push(
      svg("text", { class: "tick", x: at, y: frame.bottom + 16, "text-anchor": "middle" }, label),
    );
  }
  parts.push(
    svg("line", {
      class: "axis",
      x1: frame.left,
      x2: frame.right,
      y1: frame.bottom,
      y2: frame.bottom,
    }),
  );
  return parts;
}

/** Returns the SVG path through the known values, with a gap where one is missing. */
export function linePath(
  values: (number | null)[],
  xOf: (index: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  let pen = "M";
  values.forEach((value, i) => {
    if (value === null || !Number.isFinite(value)) {
      pen = "M";
      return;
    }
    path += `${pen}${xOf(i).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
  });
  return path;
}

/** Returns the SVG path around the known intervals: a closed area for each stretch without a gap. */
export function bandPath(
  intervals: readonly (readonly [low: number, high: number] | null)[],
  xOf: (index: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  for (let start = 0; start < intervals.length; start++) {
    if (intervals[start] === null) continue;
    let end = start;
    while (end + 1 < intervals.length && intervals[end + 1] !== null) end++;
    const along = Array.from({ length: end - start + 1 }, (_, k) => start + k);
    const corner = (i: number, side: 0 | 1) =>
      `${xOf(i).toFixed(1)} ${y(intervals[i]![side]).toFixed(1)}`;
    path += `M${
      [
        ...along.map((i) => corner(i, 1)),
        ...along.toReversed().map((i) => corner(i, 0)),
      ].join("L")
    }Z`;
    start = end;
  }
  return path;
}
