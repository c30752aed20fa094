/**
 * Draws edges on a canvas: blue or orange by sign, dashed where negative, wider with the square root of |weight|.
 *
 * Ten thousand edges stay fluent: the strongest {@link AT_ONCE} appear at once, weaker ones below them frame by frame, and while
 * the reader zooms or pans, the browser moves the drawn picture.
 */
import { themeValue, type View } from "../../../page/client/mod.ts";
import type { GraphLayout, Spot } from "./layout.ts";

/** An edge as drawn. */
export interface DrawnEdge {
  target: number;
  source: number;
  weight: number;
}

/** Steps of width and opacity between the weakest and the strongest edge. */
const STEPS = 24;
/** Edges drawn at once, with their width; weaker ones follow frame by frame as thin lines. */
export const AT_ONCE = 800;
const PER_FRAME = 2000;
/** Thin edges in a path. */
const PER_PATH = 8;
/** A moved picture is drawn again after this many milliseconds without a move, or twice the time that drawing took. */
const REST = 150;
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
  /** Shows the same edges in another view: moves what is drawn, and draws it again when the reader rests. */
  move(view: View): void;
}

export function createEdgeCanvas(): EdgeCanvas {
  const element = document.createElement("canvas");
  element.setAttribute("aria-hidden", "true");
  let last: Parameters<EdgeCanvas["draw"]> | undefined;
  let frame = 0, took = 0, rest: ReturnType<typeof setTimeout> | undefined;

  const draw: EdgeCanvas["draw"] = (edges, layout, view, largest, strong) => {
    last = [edges, layout, view, largest, strong];
    cancelAnimationFrame(frame);
    clearTimeout(rest);
    const start = performance.now();
    const brush = cleared(element);
    const order = [...edges].sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
    const look: Look = {
      view,
      largest,
      strong,
      crowd: Math.min(1, (400 / edges.length) ** 0.3),
      colours: [themeValue("--plus"), themeValue("--minus")],
    };
    stroke(brush, order.slice(0, AT_ONCE), layout, look, false);
    let at = AT_ONCE;
    const next = () => {
      took = performance.now() - start;
      if (at >= order.length) return;
      stroke(brush, order.slice(at, at += PER_FRAME), layout, look, true);
      frame = requestAnimationFrame(next);
    };
    if (order.length > at) frame = requestAnimationFrame(next);
  };
  return {
    element,
    draw,
    move(view) {
      if (!last) return;
      const [edges, layout, from, largest, strong] = last;
      const again = () => draw(edges, layout, view, largest, strong);
      if (edges.length <= AT_ONCE) return again();
      const by = view.scale / from.scale, moved = element.style.transform !== "";
      if (!moved && by === 1 && view.x === from.x && view.y === from.y) return;
      clearTimeout(rest);
      cancelAnimationFrame(frame);
      element.style.transform = `matrix(${by},0,0,${by},${view.x - by * from.x},${
        view.y - by * from.y
      })`;
      rest = setTimeout(again, Math.max(REST, 2 * took));
    },
  };
}

/** How edges are drawn. */
interface Look {
  view: View;
  largest: number;
  strong: boolean;
  /** opacity relative to that in a small graph */
  crowd: number;
  /** of positive and negative edges */
  colours: readonly [string, string];
}

/** Returns the brush of an empty canvas at the size of its element. */
function cleared(element: HTMLCanvasElement): CanvasRenderingContext2D {
  const { clientWidth: width, clientHeight: height } = element;
  const ratio = devicePixelRatio || 1;
  if (element.width !== Math.round(width * ratio)) element.width = Math.round(width * ratio);
  if (element.height !== Math.round(height * ratio)) element.height = Math.round(height * ratio);
  element.style.transform = "";
  const brush = element.getContext("2d")!;
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, width, height);
  brush.lineCap = "butt";
  // the strongest come first and stay on top
  brush.globalCompositeOperation = "destination-over";
  return brush;
}

/** Draws edges below those that are there. @param thin draws them one device pixel wide, a few to a path, which is fast */
function stroke(
  brush: CanvasRenderingContext2D,
  edges: readonly DrawnEdge[],
  layout: GraphLayout,
  { view: { scale: k, x, y }, largest, strong, crowd, colours }: Look,
  thin: boolean,
): void {
  const hairline = 1 / (devicePixelRatio || 1);
  let before = -1, count = 0;
  for (const edge of edges) {
    const curve = curveOf(layout, edge);
    if (!curve) continue;
    const negative = edge.weight < 0;
    const step = Math.round(strengthOf(edge.weight, largest) * STEPS), strength = step / STEPS;
    const key = 2 * step + Number(negative);
    if (!thin || key !== before || count >= PER_PATH) {
      if (count > 0) brush.stroke();
      brush.beginPath();
      [before, count] = [key, 0];
      brush.strokeStyle = colours[Number(negative)];
      brush.globalAlpha = strong ? 0.55 + 0.4 * strength : crowd * (0.16 + 0.62 * strength);
      brush.lineWidth = thin ? hairline : (0.7 + 3.6 * strength) * Math.min(1.5, Math.max(0.75, k));
      brush.setLineDash(negative ? [5, 3.5] : []);
    }
    const [a, b, c, d, e, f, g, h] = curve;
    brush.moveTo(k * a + x, k * b + y);
    brush.bezierCurveTo(k * c + x, k * d + y, k * e + x, k * f + y, k * g + x, k * h + y);
    count++;
  }
  if (count > 0) brush.stroke();
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
