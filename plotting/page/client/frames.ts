/** Times the drawing of a page. */

/** Returns a function that runs `action` in the next frame, once however often it is called before. */
export function oncePerFrame(action: () => void): () => void {
  let waiting = 0;
  return () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(action);
  };
}

/** Runs `action` in the frame after the size of the element has changed, and once at the start. */
export function onResize(element: Element, action: () => void): void {
  new ResizeObserver(oncePerFrame(action)).observe(element);
}

/** Runs `action` after the browser has painted what is there now, so that a change it makes is a transition. */
export function afterPaint(action: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(action));
}
