/** Connects sliders, switches, the search field, the selector of graphs and the keys. */
import { applyTheme, byId, connectChoices, html, isDark, percent } from "../../page/client/mod.ts";
import { longName, shortName, tokenLabel, visibleText } from "./names.ts";
import type { GraphModel } from "./page_model.ts";
import { type GraphView, togglePin } from "./picture/graph_view.ts";
import { initialState, type Marks, type State, type Store } from "./state.ts";

/** Directions of the arrow keys. */
export const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export interface Controls {
  update(model: GraphModel): void;
  /** Makes another graph the first, with the reader's marks, and changes the state. */
  switchTo(graph: number, change?: Partial<State>): void;
}

/** Positions of a slider: fine steps near 1, where a graph grows fast. */
const STEPS = 200;
const shareAt = (place: number) => Number((1 - (1 - place / STEPS) ** 2).toFixed(4));
const placeOf = (share: number) => Math.round(STEPS * (1 - Math.sqrt(1 - share)));

export function createControls(
  models: readonly GraphModel[],
  store: Store,
  view: GraphView,
): Controls {
  const sliders = {
    nodeThreshold: byId<HTMLInputElement>("node-threshold"),
    edgeThreshold: byId<HTMLInputElement>("edge-threshold"),
  };
  for (const [key, slider] of Object.entries(sliders)) {
    slider.max = String(STEPS);
    slider.addEventListener("input", () => {
      const most = key === "nodeThreshold" ? models[store.state.graph].mostThreshold : 1;
      store.set({ [key]: Math.min(most, shareAt(Number(slider.value))), view: null });
    });
  }
  byId("fit").addEventListener("click", () => store.set({ view: null }));
  byId("theme").addEventListener(
    "click",
    () => store.set({ theme: isDark(store.state.theme) ? "light" : "dark" }),
  );
  const showChoices = connectChoices(store);

  const chooser = byId<HTMLSelectElement>("graphs");
  const options = () =>
    models.map(({ data }, i) =>
      html("option", { value: i }, `${visibleText(data.slug, 40)}: ${visibleText(data.prompt, 90)}`)
    );
  chooser.append(...options());
  const beside = byId<HTMLSelectElement>("compare");
  beside.append(html("option", { value: "" }, "no other graph"), ...options());
  byId("graph-choice").hidden = byId("compare-choice").hidden = models.length < 2;
  beside.addEventListener(
    "change",
    () => store.set({ compare: beside.value === "" ? null : Number(beside.value), view: null }),
  );
  const marks = new Map<number, Marks>();
  function switchTo(to: number, change: Partial<State> = {}) {
    const { graph, pins, groups, labels, theme, palette, biases, heads, compare } = store.state;
    marks.set(graph, { pins, groups, labels });
    const kept = { theme, palette, biases, heads, compare: compare === to ? null : compare };
    store.set({ ...initialState(models, to), ...marks.get(to), ...kept, ...change });
  }
  chooser.addEventListener("change", () => switchTo(Number(chooser.value)));

  const search = byId<HTMLInputElement>("search");
  search.addEventListener("input", () => {
    const model = models[store.state.graph],
      found = search.value.trim() === "" ? null : findNode(model, store.state.labels, search.value);
    search.classList.toggle("unknown", search.value.trim() !== "" && !found);
    if (found) store.set({ clicked: found });
  });

  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (event.key === "Escape") {
      target.blur();
      return store.set({ clicked: null, hovered: null });
    }
    if (
      event.ctrlKey || event.metaKey || event.altKey ||
      /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)
    ) return;
    const id = target.closest<SVGGElement>("#graph .node")?.dataset.node ?? null;
    const chosen = id ?? store.state.clicked;
    const node = id === null ? undefined : models[store.state.graph].byId.get(id)!.node;
    const keys: Record<string, () => void> = {
      "/": () => search.focus(),
      "0": () => store.set({ view: null }),
    };
    if (chosen) keys.p = () => togglePin(store, chosen);
    if (id) {
      keys.Enter = keys[" "] = () => store.set({ clicked: store.state.clicked === id ? null : id });
    }
    if (node !== undefined && ARROWS[event.key]) {
      keys[event.key] = () => view.move(node, ...ARROWS[event.key]);
    }
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  function update(model: GraphModel) {
    const { state } = store, { data } = model;
    for (const [key, slider] of Object.entries(sliders)) {
      const value = state[key as keyof typeof sliders];
      slider.value = String(placeOf(value));
      slider.setAttribute("aria-valuetext", percent(value));
      byId(`${slider.id}-value`).textContent = percent(value);
    }
    chooser.value = String(state.graph);
    beside.value = state.compare === null ? "" : String(state.compare);
    for (const option of beside.options) option.disabled = option.value === String(state.graph);
    byId("title").textContent =
      data.targets.map((_, t) => shortName(model, model.nodes[model.firstTarget + t])).slice(0, 3)
        .join(", ") +
      (data.targets.length > 3 ? ", …" : "");
    byId("prompt").replaceChildren(
      ...data.tokenTexts.map((text) => html("bdi", {}, visibleText(text, 60))),
    );
    byId("about").textContent = visibleText(data.about, 200);
    showChoices();
    applyTheme(state.theme);
    document.documentElement.dataset.palette = state.palette;
    byId("theme").textContent = isDark(state.theme) ? "Light" : "Dark";
  }
  return { update, switchTo };
}

/** Finds a node by what the reader types: a label, `3.514`, `3.514@4`, a token's text; the one with the largest influence. */
export function findNode(
  model: GraphModel,
  labels: Readonly<Record<string, string>>,
  query: string,
): string | null {
  const text = query.trim().toLowerCase();
  const [, name, position] = /^(.*?)(?:@(\d+))?$/.exec(text)!;
  const found = model.nodes.filter((node) => {
    if (position !== undefined && node.position !== Number(position)) return false;
    if (labels[node.id]?.toLowerCase().includes(text)) return true;
    if (node.kind === "token") {
      return tokenLabel(model.data.tokenTexts[node.position], 40).toLowerCase() === name;
    }
    if (node.kind === "feature") return shortName(model, node) === name;
    return longName(model, node).toLowerCase().startsWith(name);
  });
  const influence = (node: number) => model.influence[node] ?? 0;
  return found.sort((a, b) => influence(b.node) - influence(a.node))[0]?.id ?? null;
}
