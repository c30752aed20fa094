/** Connects the controls to the state: model, task and set, the comparison, filters, search, keys, theme. */
import {
  applyTheme,
  byId,
  connectChoices,
  html,
  integer,
  isDark,
  whenParsed,
} from "../../page/client/mod.ts";
import type { RunName } from "../page_data.ts";
import { slotName } from "./run_index.ts";
import { nearestIndex, type Runs, type State, type Store } from "./state.ts";

/** The controls. */
export interface Controls {
  /** Shows the state. */
  update(): void;
}

/** Connects the controls. */
export function createControls(runs: Runs, store: Store): Controls {
  const { names } = runs;
  const selects = ["model", "task", "set"].map((id) => byId<HTMLSelectElement>(id));
  const top = byId<HTMLInputElement>("top"), search = byId<HTMLInputElement>("search");
  const otherRun = byId<HTMLSelectElement>("other-run");
  const otherStep = byId<HTMLSelectElement>("other-step");
  const stepOf = (run: number, index: number) => runs.get(run).checkpoints[index]?.step ?? 0;

  /** Shows the run that has most of the wanted name, at the nearest step. */
  function choose(key: "model" | "task" | "set", value: string) {
    const now = names[store.state.run], wanted = { ...now, [key]: value };
    const score = (name: RunName) =>
      10 * Number(name[key] === value) + 3 * Number(name.model === wanted.model) +
      2 * Number(name.task === wanted.task) + Number(name.set === wanted.set);
    const run = names.reduce((best, name, i) => score(name) > score(names[best]) ? i : best, 0);
    const step = stepOf(store.state.run, store.state.index);
    store.set({ run, index: nearestIndex(runs.get(run), step), pinned: null, hovered: null });
  }
  (["model", "task", "set"] as const).forEach((key, i) =>
    selects[i].addEventListener(
      "change",
      () => whenParsed(() => choose(key, selects[i].value)),
    )
  );

  const toggleOther = () => {
    const { run, index, other } = store.state;
    store.set({ other: other ? null : { run, index: Math.max(0, index - 1) } });
  };
  byId("compare").addEventListener("click", toggleOther);
  otherRun.append(
    ...names.map(({ model, title, set }, i) =>
      html("option", { value: i }, `${model}, ${title}, ${set}`)
    ),
  );
  otherRun.addEventListener("change", () =>
    whenParsed(() => {
      const run = Number(otherRun.value), { state } = store;
      const index = nearestIndex(runs.get(run), stepOf(state.run, state.index));
      store.set({ other: { run, index } });
    }));
  otherStep.addEventListener("change", () => {
    const { other } = store.state;
    if (!other) return;
    store.set({ other: { ...other, index: Number(otherStep.value) }, together: "no" });
  });

  const toggles = ["outside", "tokens", "together"] as const;
  for (const key of toggles) {
    byId(key).addEventListener("click", () => {
      const { state } = store, value = state[key] === "yes" ? "no" : "yes";
      const change: Partial<State> = { [key]: value };
      // joins the other picture at once
      if (key === "together" && value === "yes") change.index = state.index;
      store.set(change);
    });
  }

  const most = () => Math.max(2, ...runs.get(store.state.run).checkpoints.map(edgeCount));
  const edgeCount = ({ circuit }: { circuit: { edges: unknown[] } | null }) =>
    circuit?.edges.length ?? 0;
  top.addEventListener("input", () => {
    const share = Number(top.value) / 100;
    store.set({ top: share >= 1 ? null : Math.max(1, Math.round(most() ** share)) });
  });

  search.addEventListener("input", () => {
    const text = search.value.trim(), run = runs.get(store.state.run);
    if (text === "") return store.set({ pinned: null });
    const { index } = store.state;
    const named = (t: number) =>
      run.slots.findIndex((slot) => slot.numbers?.[t] != null && slotName(slot, t) === text);
    const slot = [index, ...run.checkpoints.keys()].map(named).find((place) => place >= 0);
    search.classList.toggle("unknown", slot === undefined);
    if (slot !== undefined) store.set({ pinned: `s${slot}` });
  });

  byId("theme").addEventListener("click", () => {
    store.set({ theme: isDark(store.state.theme) ? "light" : "dark" });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      search.blur();
      return store.set({ pinned: null });
    }
    const typing = event.target === search || event.target instanceof HTMLSelectElement;
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "c") toggleOther();
    if (event.key !== "/") return;
    event.preventDefault();
    search.focus();
  });

  const showChoices = connectChoices(store);

  /** Fills the selects with what goes together with the run. */
  function fillSelects() {
    const now = names[store.state.run];
    const fits = {
      model: () => true,
      task: ({ model }: RunName) => model === now.model,
      set: ({ model, task }: RunName) => model === now.model && task === now.task,
    };
    (["model", "task", "set"] as const).forEach((key, i) => {
      const options = new Map(
        names.filter(fits[key]).map((name) => [name[key], key === "task" ? name.title : name[key]]),
      );
      selects[i].replaceChildren(
        ...[...options].map(([value, text]) => html("option", { value }, text)),
      );
      selects[i].value = now[key];
      selects[i].disabled = options.size < 2;
    });
  }

  function fillOther() {
    const { other } = store.state;
    byId("other-tools").hidden = other === null;
    byId("compare").setAttribute("aria-pressed", String(other !== null));
    if (!other) return;
    otherRun.value = String(other.run);
    otherStep.replaceChildren(
      ...runs.get(other.run).checkpoints.map(({ step }, i) =>
        html("option", { value: i }, `step ${integer(step)}`)
      ),
    );
    otherStep.value = String(other.index);
    // two checkpoints of one run are compared as they are
    byId("together").hidden = other.run === store.state.run;
  }

  function update() {
    const { state } = store;
    fillSelects();
    fillOther();
    byId("top-value").textContent = state.top === null ? "all" : integer(state.top);
    if (document.activeElement !== top) {
      top.value = state.top === null ? "100" : String(100 * Math.log(state.top) / Math.log(most()));
    }
    for (const key of toggles) byId(key).setAttribute("aria-pressed", String(state[key] === "yes"));
    showChoices();
    applyTheme(state.theme);
    // signs are blue and orange, for colour-blind readers
    document.documentElement.dataset.palette = "safe";
    byId("theme").textContent = isDark(state.theme) ? "Light" : "Dark";
  }
  return { update };
}
