/** Schedules the drawing of a page. */

/** Returns a function that runs `action` in the next frame, once, however many times it is called before that. */
export function oncePerFrame(action: () => void): () => void {
  let waiting = 0;
  return () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(action);
  };
}

/** Runs `action` in the frame after the element changes size, and once at the start. */
export function onResize(element: Element, action: () => void): void {
  new ResizeObserver(oncePerFrame(action)).observe(element);
}

/** Runs `action` after the browser has painted the current state, so that CSS animates the change. */
export function afterPaint(action: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(action));
}

/** Returns a function that calls another at once, but not again before `pause` milliseconds are over; the last call counts. */
export function atMostEvery(pause: number, call: () => void): () => void {
  let next = 0, timer: ReturnType<typeof setTimeout> | undefined;
  const run = () => {
    next = performance.now() + pause;
    timer = undefined;
    call();
  };
  return () => {
    if (timer !== undefined) return;
    const left = next - performance.now();
    if (left <= 0) run();
    else timer = setTimeout(run, left);
  };
}
