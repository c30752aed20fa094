/** The axes of the graph, which stay at the edges of the box: layers on the left, tokens beneath. */
import { svg, type View } from "../../../page/client/mod.ts";
import type { GraphLayout } from "./layout.ts";
import { tokenLabel } from "../names.ts";
import type { GraphModel } from "../page_model.ts";

/** Distance of token labels from the bottom. */
const BASE = 26;

/** Returns the axes for a view. */
export function axesOf(
  { data }: GraphModel,
  { rows, columns }: GraphLayout,
  { scale, x, y }: View,
  { width, height }: { width: number; height: number },
): SVGElement[] {
  const parts: SVGElement[] = [];
  const bottom = height - 40;
  rows.forEach((row, i) => {
    const at = scale * row + y;
    if (at < 4 || at > bottom) return;
    const name = i === 0 ? "tokens" : i === rows.length - 1 ? "output" : `L${i - 1}`;
    parts.push(
      svg("line", { class: "row-line", x1: 40, x2: width, y1: at, y2: at }),
      svg("text", { class: "axis-name", x: 4, y: at, dy: "0.35em" }, name),
    );
  });
  const widest = Math.max(...data.tokenTexts.map((text) => tokenLabel(text).length)) * 6.4;
  const narrowest = Math.min(...columns.map((column) => column.width)) * scale;
  const turned = narrowest < Math.min(widest, 46);
  let last = -Infinity;
  columns.forEach((column, position) => {
    const at = scale * column.x + x;
    if (at < 42 || at > width || turned && at - last < 11) return;
    last = at;
    const place = turned
      ? { transform: `translate(${at.toFixed(1)} ${bottom + 10}) rotate(32)` }
      : { x: at.toFixed(1), y: height - BASE, "text-anchor": "middle" };
    const text = tokenLabel(data.tokenTexts[position], turned ? 8 : 12);
    const group = svg("g", { class: "token-name" }, svg("text", place, text));
    if (!turned) {
      group.append(
        svg("text", {
          class: "axis-name",
          x: at.toFixed(1),
          y: height - 9,
          "text-anchor": "middle",
        }, String(position)),
      );
    }
    parts.push(group);
  });
  return parts;
}
