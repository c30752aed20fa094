/**
 * Draws the picture on a canvas while the reader slides. There, a step costs the page no style, layout or accessibility of hundreds
 * of elements. Colours and widths are those that the style sheet gives elements of the same classes. The SVG stays
 * below, hidden, and takes over at rest.
 */
import { svg } from "../../../page/client/mod.ts";
import type { Layout, Place } from "./layout.ts";

/** How elements of some classes are painted. */
interface Paint {
  fill: string | null;
  fillOpacity: number;
  stroke: string | null;
  strokeOpacity: number;
  width: number;
  dash: number[];
  opacity: number;
}

/** What is painted. */
export interface Stroke {
  /** classes of the element that looks the same */
  classes: string;
  shape: string;
  /** of a mark: place of its path's origin */
  at?: Place;
  /** of the fill, as the element's attribute */
  fillOpacity?: string;
  /** of the stroke, as the element's attribute */
  width?: string;
}

/** The canvas over a picture. */
export class SlidingCanvas {
  readonly #canvas = document.createElement("canvas");
  readonly #context = this.#canvas.getContext("2d")!;
  readonly #paints = new Map<string, Paint>();
  readonly #paths = new Map<string, Path2D>();
  #scale = 1;
  /** what the looks of classes depend on */
  #styled = "";
  /** whether it is shown */
  on = false;

  /** Takes the picture's box, and the picture. */
  constructor(box: HTMLElement, private readonly picture: SVGSVGElement) {
    this.#canvas.className = "sliding-canvas";
    this.#canvas.setAttribute("aria-hidden", "true");
    box.append(this.#canvas);
  }

  /** Takes the picture's size. */
  place({ width, height }: Pick<Layout, "width" | "height">): void {
    this.end();
    this.#paths.clear();
    this.#scale = devicePixelRatio;
    this.#canvas.width = Math.round(width * this.#scale);
    this.#canvas.height = Math.round(height * this.#scale);
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
  }

  /** Begins a frame. */
  begin(): void {
    if (!this.on) {
      this.on = true;
      const { classList, dataset } = this.picture;
      const context = `${document.documentElement.dataset.theme} ${dataset.colour} ` +
        classList.contains("focused");
      if (context !== this.#styled) {
        this.#styled = context;
        this.#paints.clear();
      }
      this.picture.classList.add("sliding");
      this.#canvas.classList.add("on");
    }
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** Paints an element of a layer of the picture. */
  paint(layer: SVGGElement, { classes, shape, at, fillOpacity, width }: Stroke): void {
    const context = this.#context, paint = this.#paintOf(layer, classes), s = this.#scale;
    let path = this.#paths.get(shape);
    if (!path) this.#paths.set(shape, path = new Path2D(shape));
    context.setTransform(s, 0, 0, s, s * (at?.x ?? 0), s * (at?.y ?? 0));
    if (paint.fill !== null) {
      context.globalAlpha = paint.opacity * (fillOpacity ? Number(fillOpacity) : paint.fillOpacity);
      context.fillStyle = paint.fill;
      context.fill(path);
    }
    if (paint.stroke === null) return;
    context.globalAlpha = paint.opacity * paint.strokeOpacity;
    context.strokeStyle = paint.stroke;
    context.lineWidth = width ? Number(width) : paint.width;
    context.setLineDash(paint.dash);
    context.stroke(path);
  }

  /** Hands over to the SVG. */
  end(): void {
    if (!this.on) return;
    this.on = false;
    this.picture.classList.remove("sliding");
    this.#canvas.classList.remove("on");
  }

  #paintOf(layer: SVGGElement, classes: string): Paint {
    const known = this.#paints.get(classes);
    if (known) return known;
    const probe = layer.appendChild(svg("path", { class: classes }));
    const style = getComputedStyle(probe);
    const colour = (text: string) => text === "none" ? null : text;
    const paint: Paint = {
      fill: colour(style.fill),
      fillOpacity: Number(style.fillOpacity),
      stroke: colour(style.stroke),
      strokeOpacity: Number(style.strokeOpacity),
      width: parseFloat(style.strokeWidth),
      dash: style.strokeDasharray === "none"
        ? []
        : style.strokeDasharray.split(",").map(parseFloat),
      opacity: Number(style.opacity),
    };
    probe.remove();
    this.#paints.set(classes, paint);
    return paint;
  }
}
