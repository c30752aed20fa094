/**
 * Draws edges on a canvas: blue or orange by sign, dashed where negative, wider with the square root of |weight|. Edges of a sign
 * and width are one path, so that ten thousand take few strokes.
 */
import { themeValue, type View } from "../../../page/client/mod.ts";
import type { GraphLayout, Spot } from "./layout.ts";

/** An edge as drawn. */
export interface DrawnEdge {
  target: number;
  source: number;
  weight: number;
}

/** Steps of width between the thinnest and the widest edge. */
const WIDTHS = 6;
/** Points at which the distance of a pointer from an edge is measured. */
const SAMPLES = 14;

/** The four points of an edge's curve, in pixels of the picture. */
type Curve = [number, number, number, number, number, number, number, number];

/** Returns the curve of an edge, from the top of its source to the bottom of its target. */
export function curveOf(layout: GraphLayout, { target, source }: DrawnEdge): Curve | undefined {
  const from = layout.spots.get(source), to = layout.spots.get(target);
  if (!from || !to) return undefined;
  const x2 = to.width > 0 ? within(to, from) : to.x;
  const y1 = from.y - 5, y2 = to.y + (to.width > 0 ? 9 : 5);
  const bend = Math.max(8, (y1 - y2) * 0.45);
  return [from.x, y1, from.x, y1 - bend, x2, y2 + bend, x2, y2];
}

/** Where an edge meets a box: as near to its other end as the box allows. */
function within({ x, width }: Spot, from: Spot): number {
  const half = Math.max(0, width / 2 - 8);
  return Math.max(x - half, Math.min(x + half, from.x));
}

/** Returns the width of an edge relative to the largest, in 0 … 1. */
export const strengthOf = (weight: number, largest: number): number =>
  largest > 0 ? Math.min(1, Math.sqrt(Math.abs(weight) / largest)) : 0;

/** A canvas over the whole box of the graph. */
export interface EdgeCanvas {
  element: HTMLCanvasElement;
  /** Draws the edges. @param strong draws them for a reader who looks at them alone */
  draw(
    edges: readonly DrawnEdge[],
    layout: GraphLayout,
    view: View,
    largest: number,
    strong: boolean,
  ): void;
}

export function createEdgeCanvas(): EdgeCanvas {
  const element = document.createElement("canvas");
  element.setAttribute("aria-hidden", "true");
  return {
    element,
    draw(edges, layout, view, largest, strong) {
      const { clientWidth: width, clientHeight: height } = element;
      const ratio = devicePixelRatio || 1;
      if (element.width !== Math.round(width * ratio)) element.width = Math.round(width * ratio);
      if (element.height !== Math.round(height * ratio)) {
        element.height = Math.round(height * ratio);
      }
      const brush = element.getContext("2d")!;
      brush.setTransform(ratio, 0, 0, ratio, 0, 0);
      brush.clearRect(0, 0, width, height);
      const { scale: k, x, y } = view;
      const paths = new Map<number, Path2D>();
      for (const edge of edges) {
        const curve = curveOf(layout, edge);
        if (!curve) continue;
        const strength = strengthOf(edge.weight, largest);
        const key = 2 * Math.round(strength * WIDTHS) + Number(edge.weight < 0);
        let path = paths.get(key);
        if (!path) paths.set(key, path = new Path2D());
        const [a, b, c, d, e, f, g, h] = curve;
        path.moveTo(k * a + x, k * b + y);
        path.bezierCurveTo(k * c + x, k * d + y, k * e + x, k * f + y, k * g + x, k * h + y);
      }
      const colours = [themeValue("--plus"), themeValue("--minus")];
      const crowd = edges.length > 400 ? 0.55 : 1;
      for (const [key, path] of [...paths].sort(([a], [b]) => a - b)) {
        const strength = (key >> 1) / WIDTHS, negative = (key & 1) === 1;
        brush.strokeStyle = colours[key & 1];
        brush.globalAlpha = strong ? 0.55 + 0.4 * strength : crowd * (0.16 + 0.62 * strength);
        brush.lineWidth = (0.7 + 3.6 * strength) * Math.min(1.5, Math.max(0.75, k));
        brush.setLineDash(negative ? [5, 3.5] : []);
        brush.stroke(path);
      }
    },
  };
}

/** Returns the edge nearest to a point of the picture, not farther than `most`; undefined if there is none. */
export function nearestEdge(
  edges: readonly DrawnEdge[],
  layout: GraphLayout,
  { x, y }: { x: number; y: number },
  most: number,
): DrawnEdge | undefined {
  let best = most * most, found: DrawnEdge | undefined;
  for (const edge of edges) {
    const curve = curveOf(layout, edge);
    if (!curve) continue;
    const [a, b, c, d, e, f, g, h] = curve;
    if (x < Math.min(a, g) - most || x > Math.max(a, g) + most || y > b + most || y < h - most) {
      continue;
    }
    let px = a, py = b;
    for (let i = 1; i <= SAMPLES; i++) {
      const t = i / SAMPLES, s = 1 - t;
      const qx = s * s * s * a + 3 * s * s * t * c + 3 * s * t * t * e + t * t * t * g;
      const qy = s * s * s * b + 3 * s * s * t * d + 3 * s * t * t * f + t * t * t * h;
      const distance = fromSegment(x, y, px, py, qx, qy);
      if (distance < best) [best, found] = [distance, edge];
      [px, py] = [qx, qy];
    }
  }
  return found;
}

/** Returns the squared distance of a point from a segment. */
function fromSegment(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length));
  return (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2;
}
