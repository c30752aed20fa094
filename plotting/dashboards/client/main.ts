/** Starts the dashboards' page: the list with its search, the open feature's card, keyboard, address. */
import {
  applyTheme,
  byId,
  connectChoices,
  createStore,
  embedded,
  html,
  integer,
  isDark,
  onSystemTheme,
} from "../../page/client/mod.ts";
import { type DashboardData, READING_ORDER, READINGS } from "./dashboard_data.ts";
import { renderFeature } from "./feature_card.ts";
import { createFeatureList } from "./feature_list.ts";
import { BEYOND, COUNTS, type ListedFeature, listFeatures, queryTest, sorted } from "./search.ts";
import { initialState, readHash, writeHash } from "./state.ts";

const COUNT_NAMES: Record<string, string> = {
  name: "layer, number",
  [BEYOND]: "rule beyond random",
  firings: "firings",
  max: "largest activation",
  mean: "mean activation",
};

function start() {
  const data = embedded<DashboardData>("dashboards");
  const features = listFeatures(data), { scores, layers } = data.dashboards;
  const byName = new Map(features.map((listed) => [listed.name, listed]));
  const readings = READING_ORDER.filter((name) => scores.includes(name));
  const sorts = [BEYOND, "name", ...readings, ...COUNTS];
  const firstSort = BEYOND;
  const first = sorted(features, firstSort, false)[0];
  const initial = initialState(first?.name ?? "", firstSort);
  const allowed = {
    layers: ["all", ...layers.map(({ layer }) => String(layer))],
    sorts,
    hasFeature: (name: string) => byName.has(name),
  };
  byId("layers").append(
    ...allowed.layers.map((layer) =>
      html("button", { "data-set": `layer=${layer}`, type: "button" }, layer)
    ),
  );
  const select = byId<HTMLSelectElement>("sort"), search = byId<HTMLInputElement>("search");
  select.append(
    ...sorts.map((key) => html("option", { value: key }, COUNT_NAMES[key] ?? READINGS[key].name)),
  );
  const store = createStore(readHash(location.hash, initial, allowed));
  const pressed = connectChoices(store);
  const card = byId("card"), box = byId("list");
  const open = ({ name }: ListedFeature) => store.set({ feature: name });
  const list = createFeatureList(box, open);
  let shown: ListedFeature[] = [];

  function filter() {
    const { query, layer, sort, order } = store.state;
    const matches = queryTest(query, scores);
    const inLayer = features.filter((listed) =>
      (layer === "all" || String(listed.layer.layer) === layer) && (!matches || matches(listed))
    );
    shown = sorted(inLayer, sort, order === "up");
    const named = shown.findIndex(({ name }) => name === query.trim());
    if (named > 0) shown.unshift(...shown.splice(named, 1));
    byId("count").textContent = shown.length === features.length
      ? `${integer(features.length)} features`
      : `${integer(shown.length)} of ${integer(features.length)} features`;
    byId("none").hidden = shown.length > 0;
    list.show(shown, sort);
  }

  function showCard() {
    const listed = byName.get(store.state.feature);
    list.select(listed);
    if (!listed) return;
    const name = { layer: listed.layer.layer, id: listed.feature.id };
    renderFeature(card, name, data, {
      onFeature: ({ layer, id }) => store.set({ feature: `${layer}.${id}` }),
    });
    const { top } = card.getBoundingClientRect();
    if (top < 0) card.scrollIntoView({ block: "start" });
  }

  function showControls() {
    const { query, sort, theme } = store.state;
    if (search.value !== query) search.value = query;
    select.value = sort;
    pressed();
    applyTheme(theme);
    byId("theme").textContent = isDark(theme) ? "Light" : "Dark";
  }

  /** Opens the feature some rows after the open one in the list. */
  function move(by: number) {
    if (shown.length === 0) return;
    const index = shown.findIndex(({ name }) => name === store.state.feature);
    const next = index < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, index + by));
    open(shown[next]);
  }

  search.addEventListener("input", () => store.set({ query: search.value }));
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && shown.length > 0) {
      open(shown[0]);
      search.blur();
      box.focus();
    } else if (event.key === "Escape") {
      store.set({ query: "" });
      search.blur();
    }
  });
  select.addEventListener("change", () => store.set({ sort: select.value }));
  byId("theme").addEventListener("click", () => {
    store.set({ theme: isDark(store.state.theme) ? "light" : "dark" });
  });
  addEventListener("keydown", (event) => {
    const { target, key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey || (target as Element).closest?.("input, select")) return;
    const moves: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
    if (key === "/") search.focus();
    else if (key in moves) move(moves[key]);
    else if (key === "Home" || key === "End") move(key === "Home" ? -Infinity : Infinity);
    else if (key === "Enter" && !(target as Element).closest("button")) {
      card.scrollIntoView({ block: "start" });
      card.focus({ preventScroll: true });
    } else return;
    event.preventDefault();
  });
  addEventListener("hashchange", () => store.set(readHash(location.hash, initial, allowed)));
  onSystemTheme(showControls);
  store.subscribe((changed) => {
    showControls();
    if (
      ["query", "layer", "sort", "order"].some((key) => changed.has(key as keyof typeof initial))
    ) filter();
    if (changed.has("feature")) showCard();
    history.replaceState(null, "", writeHash(store.state, initial, allowed));
  });
  showControls();
  filter();
  showCard();
  document.body.classList.add("ready");
}

start();
