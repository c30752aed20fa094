/** The shapes of nodes: circles for features, diamonds for errors, squares for tokens, boxes for targets, triangles for biases. */
import { svg } from "../../../page/client/mod.ts";
import type { NodeKind } from "../page_model.ts";

/** Returns the shape of a node around (0, 0), with a larger invisible one for the pointer. @param width of a target's box */
export function nodeShape({ kind }: { kind: NodeKind }, width = 40): SVGElement[] {
  const hit = svg("rect", { class: "hit", x: -7.5, y: -7.5, width: 15, height: 15 });
  switch (kind) {
    case "feature":
      return [hit, svg("circle", { class: "mark", r: 5 })];
    case "error":
      return [hit, svg("path", { class: "mark", d: "M0-5.6 5.6 0 0 5.6-5.6 0Z" })];
    case "token":
      return [hit, svg("rect", { class: "mark", x: -5, y: -5, width: 10, height: 10 })];
    case "bias":
      return [hit, svg("path", { class: "mark", d: "M0-5.4 5.4 4.4H-5.4Z" })];
    case "target":
      return [
        svg("rect", { class: "mark", x: -width / 2, y: -10, width, height: 20, rx: 3 }),
      ];
  }
}
