/** Draws what stays in a picture: layers, roles, the metric and the tokens. */
import { svg } from "../../../page/client/mod.ts";
import type { Layout } from "./layout.ts";
import type { RunIndex } from "../run_index.ts";

/** Returns rows with their layers, columns with their roles, the metric and the tokens. */
export function frameParts({ run }: RunIndex, layout: Layout): SVGElement[] {
  const { columns, rows, width, out, tokens } = layout;
  const bottom = rows[0]?.bottom ?? 0;
  return [
    ...rows.map(({ layer, top, bottom }) =>
      svg("text", { class: "layer", x: 2, y: (top + bottom) / 2, dy: "0.35em" }, `L${layer}`)
    ),
    ...rows.slice(0, -1).map(({ top }) =>
      svg("line", { class: "between", x1: 24, x2: width, y1: top - 11, y2: top - 11 })
    ),
    ...columns.slice(1).map(({ left }) =>
      svg("line", { class: "between", x1: left - 9, x2: left - 9, y1: 30, y2: bottom + 8 })
    ),
    svg(
      "g",
      { class: "end metric", "data-id": "out" },
      svg("rect", { x: out.x - 27, y: out.y - 9, width: 54, height: 18, rx: 3 }),
      svg("text", { x: out.x, y: out.y, dy: "0.35em", "text-anchor": "middle" }, "metric"),
    ),
    ...tokens.map(({ x, y }, role) => {
      const name = run.roles[role];
      const half = Math.max(14, 3.6 * Math.min(name.length, 12) + 5);
      return svg(
        "g",
        { class: "end token", "data-id": `t${role}` },
        svg("rect", { x: x - half, y, width: 2 * half, height: 18, rx: 3 }),
        svg(
          "text",
          { x, y: y + 9, dy: "0.35em", "text-anchor": "middle" },
          name.length > 12 ? `${name.slice(0, 11)}…` : name,
        ),
      );
    }),
  ];
}
