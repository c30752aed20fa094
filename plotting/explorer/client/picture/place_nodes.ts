/** Places the rows of layers, the lane of MLPs and the nodes of the circuit's picture. */
import { parseNodeName } from "../../../../utils/names/mod.ts";
import { svg } from "../../../page/client/mod.ts";
import { type Layout, portOffset } from "./layout.ts";

/** Moves rows and nodes to their places in a layout. */
export function placeNodes(
  layout: Layout,
  rows: SVGGElement,
  nodes: ReadonlyMap<string, SVGGElement>,
): void {
  const lane = layout.lane === null ? [] : [svg("rect", {
    class: "lane",
    x: 26,
    y: 2 * layout.places.get("logits")!.y + 4,
    width: layout.lane - 26,
    height: layout.height - 4 * layout.places.get("logits")!.y - 8,
  })];
  rows.replaceChildren(
    ...lane,
    ...layout.rows.map(({ layer, y }) =>
      svg(
        "g",
        { class: "row" },
        svg("line", { x1: 26, x2: layout.width - 8, y1: y, y2: y }),
        svg("text", { x: 4, y, dy: "0.35em" }, `L${layer}`),
      )
    ),
  );
  for (const [name, group] of nodes) {
    const { x, y, width, height } = layout.places.get(name)!;
    group.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    const pill = group.querySelector(".pill")!;
    const radius = parseNodeName(name).kind === "head" ? height / 2 : 3;
    for (
      const [key, value] of Object.entries({
        x: -width / 2,
        y: -height / 2,
        width,
        height,
        rx: Math.min(radius, width / 2),
      })
    ) pill.setAttribute(key, value.toFixed(1));
    const text = group.querySelector<SVGTextElement>(".name")!;
    const size = width > 100 ? 12 : layout.font;
    text.setAttribute("font-size", String(size));
    text.setAttribute("dy", "0.35em");
    text.style.display = size === 0 ? "none" : "";
    for (const port of group.querySelectorAll<SVGRectElement>(".port")) {
      const letter = port.dataset.letter as "q" | "k" | "v";
      const portWidth = Math.max(2, width * 0.12);
      port.setAttribute("x", (portOffset(letter, width) - portWidth / 2).toFixed(1));
      port.setAttribute("y", (height / 2 - 0.5).toFixed(1));
      port.setAttribute("width", portWidth.toFixed(1));
      port.setAttribute("height", "2.5");
    }
  }
}
