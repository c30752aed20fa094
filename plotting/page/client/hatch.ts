/** Hatches stretches of a chart that show nothing measured. `styles/charts.css` gives their colour. */
import { svg } from "./dom.ts";

/**
 * Returns the stretches of an axis whose points are not marked: each reaches halfway to the neighbouring marked points, or
 * to the end of the axis.
 * @param marked for each point, in the order of the axis
 * @param places of the points, ascending
 * @param ends of the axis
 */
export function gapsOf(
  marked: readonly boolean[],
  places: readonly number[],
  [low, high]: readonly [number, number],
): [number, number][] {
  const between = (i: number) =>
    i === 0 ? low : i === places.length ? high : (places[i - 1] + places[i]) / 2;
  const gaps: [number, number][] = [];
  marked.forEach((is, i) => {
    if (is) return;
    if (i > 0 && !marked[i - 1]) gaps.at(-1)![1] = between(i + 1);
    else gaps.push([between(i), between(i + 1)]);
  });
  return gaps;
}

/**
 * Returns the pattern, and the hatched stretches from `top` to `bottom`.
 * @param id of the pattern, unique on the page
 */
export function hatched(
  id: string,
  gaps: readonly (readonly [number, number])[],
  top: number,
  bottom: number,
): SVGElement[] {
  if (gaps.length === 0) return [];
  return [
    svg(
      "pattern",
      {
        ...{ id, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
        patternTransform: "rotate(45)",
      },
      svg("line", { class: "hatch-line", x1: 0, y1: 0, x2: 0, y2: 6 }),
    ),
    ...gaps.map(([from, to]) =>
      svg("rect", {
        ...{ class: "hatch", x: from, y: top, width: Math.max(0, to - from), height: bottom - top },
        fill: `url(#${id})`,
      })
    ),
  ];
}
