/**
 * Zooms and pans the circuit: with the buttons or the keys + and −, by Ctrl and the wheel or a pinch, and, once it is
 * zoomed, by dragging and the wheel alone. The key 0 shows all of it again.
 */
import { byId, enableZoom, type View, zoomAt } from "../../../page/client/mod.ts";
import type { Store } from "../state.ts";

const LIMITS = [1, 8] as const;
const STEP = 1.4;

/** Connects zooming; returns a function that shows the current view. */
export function createPictureZoom(content: SVGGElement, store: Store): () => void {
  const picture = byId<SVGSVGElement>("circuit");
  const view = (): View => store.state.view ?? { scale: 1, x: 0, y: 0 };

  /** Keeps the picture's edges outside the frame. */
  function change({ scale, x, y }: View) {
    if (scale <= 1) return store.set({ view: null });
    const { width, height } = picture.viewBox.baseVal;
    const within = (shift: number, size: number) =>
      Math.min(0, Math.max(size * (1 - scale), shift));
    store.set({ view: { scale, x: within(x, width), y: within(y, height) } });
  }

  function zoom(factor: number) {
    const { width, height } = picture.viewBox.baseVal;
    change(zoomAt(view(), factor, { x: width / 2, y: height / 2 }, LIMITS));
  }

  enableZoom(picture, { view, change, limits: LIMITS, active: () => store.state.view !== null });
  const actions: Record<string, () => void> = {
    "+": () => zoom(STEP),
    "=": () => zoom(STEP),
    "-": () => zoom(1 / STEP),
    "0": () => store.set({ view: null }),
  };
  byId("zoom-in").addEventListener("click", actions["+"]);
  byId("zoom-out").addEventListener("click", actions["-"]);
  byId("zoom-fit").addEventListener("click", actions["0"]);
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement && event.target.type !== "range";
    const select = event.target instanceof HTMLSelectElement;
    if (typing || select || event.ctrlKey || event.metaKey || event.altKey) return;
    actions[event.key]?.();
  });

  return () => {
    const { scale, x, y } = view();
    if (store.state.view) content.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
    else content.removeAttribute("transform");
    picture.classList.toggle("zoomed", store.state.view !== null);
    byId<HTMLButtonElement>("zoom-fit").disabled = store.state.view === null;
    byId<HTMLButtonElement>("zoom-out").disabled = store.state.view === null;
  };
}
