/**
 * Keeps labels and groups from visit to visit, with the server or in the browser, by graph.
 *
 * An address with labels or groups goes before what is kept. Only a reader's change is kept, so a link that somebody else made
 * does not replace the reader's own labels.
 */
import { byId, type Labels, type LabelStore, openLabels } from "../../page/client/mod.ts";
import type { GraphModel } from "./page_model.ts";
import { initialState, marksOf, qParamsOf, type State, type Store } from "./state.ts";

/** Loads what is kept of the shown graph, and keeps what the reader changes. */
export function keepLabels(models: readonly GraphModel[], store: Store): void {
  const opened = new Map<number, Promise<LabelStore>>();
  let loading = false;
  let before = store.state.labels;

  function open(graph: number): Promise<LabelStore> {
    const { about, slug } = models[graph].data;
    const found = opened.get(graph) ?? openLabels(`attribution graph: ${about}: ${slug}`);
    opened.set(graph, found);
    return found;
  }

  async function load(graph: number) {
    const { place, value } = await open(graph);
    byId("kept").textContent = place === "server"
      ? "The server also keeps labels and groups."
      : place === "browser"
      ? "This browser also keeps labels and groups."
      : "";
    if (store.state.graph !== graph || !untouched(models, store.state)) return;
    loading = true;
    store.set(merged(models[graph], store.state, value));
    loading = false;
  }

  store.subscribe((changed) => {
    const { graph, labels, groups } = store.state, old = before;
    before = labels;
    if (changed.has("graph")) void load(graph);
    else if (!loading && (changed.has("labels") || changed.has("groups"))) {
      void open(graph).then((kept) =>
        kept.update((value) => ({
          labels: withChanges(value.labels, old, labels),
          groups: groups.map(({ name, members }) => ({ name, members: [...members] })),
        }))
      ).catch((error: Error) => byId("kept").textContent = error.message);
    }
  });
  void load(store.state.graph);
}

/** Tells whether a state has the labels and groups that its graph starts with. */
function untouched(models: readonly GraphModel[], state: State): boolean {
  const start = initialState(models, state.graph);
  const text = ({ groups, labels }: State) => JSON.stringify([groups, labels]);
  return text(start) === text(state);
}

/** Returns the marks of a state with kept labels and groups; nodes that the graph does not have are left out. */
function merged(model: GraphModel, state: State, { labels, groups }: Labels) {
  const own = qParamsOf(state);
  return marksOf(model, {
    pinnedIds: own.pinnedIds,
    supernodes: groups.length === 0
      ? own.supernodes
      : groups.map(({ name, members }) => [name, ...members]),
    clerps: Object.entries({ ...state.labels, ...labels }),
  });
}

/** Returns kept labels after a reader's change from `old` to `now`. */
function withChanges(
  kept: Record<string, string>,
  old: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Record<string, string> {
  const removed = Object.keys(old).filter((id) => !(id in now));
  const rest = Object.entries(kept).filter(([id]) => !removed.includes(id));
  return { ...Object.fromEntries(rest), ...now };
}
