/**
 * Zooms and pans a picture: with the wheel at the pointer, by dragging, and with two fingers.
 *
 * A view maps a point `p` of the picture to `scale · p + (x, y)` in pixels of its element. The page keeps the view in
 * its store and applies it as a `transform` of an SVG group or a canvas. A picture of ten thousand edges is then drawn
 * at most once per frame, however fast the reader moves.
 */

/** How a picture is shown: scaled by `scale`, then shifted in pixels. */
export interface View {
  /** pixels on the screen per pixel of the picture */
  scale: number;
  /** shift to the right */
  x: number;
  /** shift downwards */
  y: number;
}

/** A point in pixels, from the top left corner of the element. */
export interface Point {
  /** to the right */
  x: number;
  /** downwards */
  y: number;
}

/** A size in pixels. */
export interface Size {
  /** from left to right */
  width: number;
  /** from top to bottom */
  height: number;
}

/** Returns the view scaled by `factor` around `at`, which stays in place. The scale stays within `limits`. */
export function zoomAt(
  view: View,
  factor: number,
  at: Point,
  [least, most]: readonly [number, number],
): View {
  const scale = Math.min(most, Math.max(least, view.scale * factor));
  const real = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * real, y: at.y - (at.y - view.y) * real };
}

/** Returns the view that shows all of a picture of size `content`, centred in `frame` with a margin in pixels. */
export function fitView(content: Size, frame: Size, margin = 0): View {
  const scale = Math.min(
    (frame.width - 2 * margin) / content.width,
    (frame.height - 2 * margin) / content.height,
  );
  return {
    scale,
    x: (frame.width - scale * content.width) / 2,
    y: (frame.height - scale * content.height) / 2,
  };
}

/** Returns the point of the picture that is shown at `at`. */
export function pictureAt(view: View, at: Point): Point {
  return { x: (at.x - view.x) / view.scale, y: (at.y - view.y) / view.scale };
}

/** Connects zooming to the page's state. */
export interface ZoomOptions {
  /** Returns the current view. */
  view(): View;
  /** Stores a new view; the page then draws it. */
  change(view: View): void;
  /** smallest and largest scale */
  limits: readonly [number, number];
  /**
   * Returns whether the picture zooms and pans now; default: always. Otherwise the page scrolls, and the wheel zooms only
   * with Ctrl, as a pinch on a touchpad does.
   */
  active?(): boolean;
}

/** One notch of a wheel, about 100 pixels, zooms by 1.22. */
const WHEEL = 0.002;
const LINE = 16;

/** A pointer that moves fewer pixels than this is a click, which goes to the elements of the picture. */
const CLICK = 4;

/** Makes `element` zoom and pan. A click that ends a drag does not reach the elements of the picture. */
export function enableZoom(element: HTMLElement | SVGElement, options: ZoomOptions): void {
  const pointers = new Map<number, Point>();
  let moved = 0;

  const placeOf = (event: MouseEvent): Point => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  /** Returns the midpoint of the fingers and their distance (1 for one finger). */
  const grip = () => {
    const [a, b = a] = pointers.values();
    const apart = pointers.size > 1 ? Math.hypot(a.x - b.x, a.y - b.y) || 1 : 1;
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart };
  };

  const active = () => options.active?.() ?? true;
  if (!options.active) element.style.touchAction = "none";
  element.addEventListener("wheel", (event) => {
    const turn = event as WheelEvent;
    if (!active() && !turn.ctrlKey) return;
    turn.preventDefault();
    const pixels = turn.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE * turn.deltaY : turn.deltaY;
    const factor = Math.exp(-WHEEL * pixels);
    options.change(zoomAt(options.view(), factor, placeOf(turn), options.limits));
  }, { passive: false });

  element.addEventListener("pointerdown", (event) => {
    const press = event as PointerEvent;
    if (pointers.size === 0) moved = 0;
    if (press.button !== 0 || !active()) return;
    pointers.set(press.pointerId, placeOf(press));
  });

  element.addEventListener("pointermove", (event) => {
    const move = event as PointerEvent;
    const from = pointers.get(move.pointerId);
    if (!from) return;
    const to = placeOf(move);
    moved += Math.hypot(to.x - from.x, to.y - from.y);
    const before = grip();
    pointers.set(move.pointerId, to);
    const after = grip();
    if (moved < CLICK) return;
    // not earlier: while the pointer is captured, the elements of the picture get no click
    element.setPointerCapture(move.pointerId);
    const { scale, x, y } = options.view();
    const shifted = { scale, x: x + after.x - before.x, y: y + after.y - before.y };
    options.change(zoomAt(shifted, after.apart / before.apart, after, options.limits));
  });

  for (const type of ["pointerup", "pointercancel"]) {
    element.addEventListener(type, (event) => pointers.delete((event as PointerEvent).pointerId));
  }

  element.addEventListener("click", (event) => {
    if (moved >= CLICK) event.stopPropagation();
  }, { capture: true });
}
