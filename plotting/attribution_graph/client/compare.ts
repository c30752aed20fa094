/**
 * Shows a second graph beside the first, with the same thresholds. Of graphs made with the same coders it marks the node that
 * the reader points at or clicks in both, and counts the features that both show. A click in the second graph makes it the first.
 */
import { byId, createStore, integer } from "../../page/client/mod.ts";
import { ARROWS } from "./controls.ts";
import { visibleText } from "./names.ts";
import type { GraphModel } from "./page_model.ts";
import { createGraphView, togglePin } from "./picture/graph_view.ts";
import { score } from "./panel.ts";
import { createShown, type Shown } from "./shown.ts";
import { initialState, type State, type Store } from "./state.ts";

export interface Comparison {
  /** Shows or hides the second graph; call it before the first is drawn, which has less room beside a second. */
  update(shown: Shown): void;
  /** Marks the node that the reader points at. */
  highlight(): void;
}

/** @param switchTo makes another graph the first, and changes the state */
export function createComparison(
  models: readonly GraphModel[],
  store: Store,
  switchTo: (graph: number, change: Partial<State>) => void,
): Comparison {
  const own = createStore<State>(initialState(models));
  const shownOf = createShown();
  const view = createGraphView(own, {
    box: byId("other-box"),
    root: byId<SVGSVGElement>("other-graph"),
  });
  let following = false;
  /** Changes the second graph's state without taking that for a click. */
  const follow = (change: Partial<State>) => {
    following = true;
    own.set(change);
    following = false;
  };
  own.subscribe((changed) => {
    const { graph, clicked, pins } = own.state;
    if (changed.has("hovered")) view.highlight();
    if (following || !changed.has("clicked") && !changed.has("pins")) return;
    switchTo(graph, { compare: store.state.graph, clicked });
    for (const pin of pins) togglePin(store, pin);
  });
  byId("other-graph").addEventListener("keydown", (event) => {
    const id = (event.target as Element).closest<SVGElement>(".node")?.dataset.node;
    const keys: Record<string, (id: string) => void> = {
      Enter: (clicked) => own.set({ clicked }),
      " ": (clicked) => own.set({ clicked }),
      p: (pin) => own.set({ pins: [pin] }),
    };
    const [dx, dy] = ARROWS[event.key] ?? [];
    if (id === undefined || dx === undefined && !keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    if (dx === undefined) keys[event.key](id);
    else view.move(models[own.state.graph].byId.get(id)!.node, dx, dy);
  });

  /** Returns the id if the other graph has a node that is the same. */
  const sameIn = (other: GraphModel, id: string | null) =>
    id !== null && other.byId.has(id) && other.data.about === models[store.state.graph].data.about
      ? id
      : null;

  function update(shown: Shown) {
    const { compare, graph, nodeThreshold, edgeThreshold, biases, clicked, palette, theme } =
      store.state;
    byId("pictures").classList.toggle("two", compare !== null);
    byId("other").hidden = byId("first-title").hidden = compare === null;
    if (compare === null) return;
    const model = models[graph], other = models[compare];
    const before = own.state, most = Math.min(other.mostThreshold, nodeThreshold);
    const same = before.graph === compare && before.nodeThreshold === most &&
      before.edgeThreshold === edgeThreshold;
    follow({
      ...initialState(models, compare),
      pins: [],
      groups: [],
      view: same ? before.view : null,
      nodeThreshold: most,
      edgeThreshold,
      biases,
      palette,
      theme,
      clicked: sameIn(other, clicked),
      hovered: null,
    });
    const second = shownOf(other, own.state);
    view.update(other, second);
    byId("first-title").textContent = titleOf(model, shown);
    byId("other-title").textContent = `${titleOf(other, second)}; ${
      sharedOf(model, shown, other, second)
    }`;
  }

  function highlight() {
    const { compare, hovered } = store.state;
    if (compare !== null) follow({ hovered: sameIn(models[compare], hovered) });
  }
  return { update, highlight };
}

function titleOf({ data }: GraphModel, { scores }: Shown): string {
  return `${visibleText(data.slug, 40)}: replacement ${score(scores.replacement)}, completeness ${
    score(scores.completeness)
  }`;
}

/** Says how many features both graphs show. */
function sharedOf(a: GraphModel, shownA: Shown, b: GraphModel, shownB: Shown): string {
  if (a.data.about !== b.data.about) return "features of other coders";
  const keys = ({ nodes }: Shown) =>
    new Set(
      nodes.filter(({ kind }) => kind === "feature").map(({ layer, index }) => `${layer}.${index}`),
    );
  const first = keys(shownA), second = keys(shownB);
  const both = [...first].filter((key) => second.has(key)).length;
  return `both show ${integer(both)} of ${integer(first.size)} and ${
    integer(second.size)
  } distinct features`;
}
