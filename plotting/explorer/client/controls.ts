/** Connects the controls to the state: slider, play button, keys, filters, search, theme and exports. */
import {
  applyTheme,
  byId,
  connectChoices,
  gapsOf,
  html,
  integer,
  isDark,
  pngOf,
  saveFile,
  shortStep,
  standaloneSvg,
} from "../../page/client/mod.ts";
import { graphJson } from "./graph_json.ts";
import { nodeNames } from "../../../utils/names/mod.ts";
import { findNode, type LineKind } from "./names.ts";
import type { ShownSummary } from "./shown.ts";
import type { Store } from "./state.ts";

/** Attributes of the circuit's picture that only the page's styles use. */
const PAGE_ONLY = ["data-role"];

/** Milliseconds to play a whole run, within the limits below. */
const PLAY_MS = 24_000;

export function createControls(summary: ShownSummary, store: Store) {
  const steps = summary.checkpoints.map((c) => c.step);
  const last = steps.length - 1;
  const slider = byId<HTMLInputElement>("slider");
  const play = byId<HTMLButtonElement>("play");
  const top = byId<HTMLInputElement>("top");
  const search = byId<HTMLInputElement>("search");
  const mostEdges = Math.max(1, ...summary.checkpoints.map((c) => c.circuit.length));
  let timer: number | undefined;

  slider.max = String(last);
  slider.addEventListener("input", () => {
    stop();
    store.set({ index: Number(slider.value) });
  });
  play.addEventListener("click", () => timer === undefined ? start() : stop());

  function start() {
    if (last < 1) return;
    if (store.state.index === last) store.set({ index: 0 });
    const pause = Math.max(140, Math.min(900, PLAY_MS / steps.length));
    timer = setInterval(() => {
      store.set({ index: Math.min(last, store.state.index + 1) });
      if (store.state.index === last) stop();
    }, pause) as unknown as number;
    play.classList.add("playing");
    play.setAttribute("aria-label", "Pause");
  }

  function stop() {
    clearInterval(timer);
    timer = undefined;
    play.classList.remove("playing");
    play.setAttribute("aria-label", "Play");
  }

  function move(by: number) {
    stop();
    store.set({ index: Math.max(0, Math.min(last, store.state.index + by)) });
  }

  function placeTicks() {
    const box = byId("slider-ticks");
    const share = (i: number) => last === 0 ? 0.5 : i / last;
    const put = (element: HTMLElement, i: number) => {
      element.style.left = `${100 * share(i)}%`;
      box.append(element);
    };
    box.replaceChildren();
    const able = summary.checkpoints.map((c) => c.able);
    for (const [from, to] of gapsOf(able, steps.map((_, i) => 100 * share(i)), [0, 100])) {
      const band = html("u");
      band.style.left = `${from}%`;
      band.style.width = `${to - from}%`;
      box.append(band);
    }
    const taken: number[] = [];
    const byWeight = steps.map((_, i) => i).sort((a, b) => weight(b) - weight(a) || a - b);
    for (const i of byWeight) {
      const at = share(i) * box.clientWidth;
      put(html("i"), i);
      if (taken.some((other) => Math.abs(other - at) < 40)) continue;
      taken.push(at);
      put(html("span", {}, shortStep(steps[i])), i);
    }
  }

  /** Ranks steps for labels: the ends first, then powers of ten, then round numbers. */
  function weight(i: number): number {
    const step = steps[i];
    if (i === 0 || i === last) return 4;
    if (Number.isInteger(Math.log10(step))) return 3;
    return step % 10000 === 0 ? 2 : step % 5000 === 0 ? 1 : 0;
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target === search;
    if (event.key === "Escape") {
      search.blur();
      return store.set({ pinned: null });
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const on: Record<string, () => void> = {
      ArrowRight: () => move(1),
      ArrowLeft: () => move(-1),
      Home: () => move(-last),
      End: () => move(last),
      " ": () => timer === undefined ? start() : stop(),
      "/": () => search.focus(),
    };
    const isButton = event.target instanceof HTMLButtonElement;
    const ranged = event.target === top && /^(Arrow|Home|End)/.test(event.key);
    if (!on[event.key] || ranged || (isButton && event.key === " ")) return;
    event.preventDefault();
    on[event.key]();
  });

  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-letter].toggle")) {
    button.addEventListener("click", () => {
      const hidden = new Set(store.state.hidden);
      const letter = button.dataset.letter as LineKind;
      if (!hidden.delete(letter)) hidden.add(letter);
      store.set({ hidden });
    });
  }

  const showChoices = connectChoices(store);
  const transfer = document.querySelector<HTMLButtonElement>('[data-set="matrix=transfer"]');
  if (transfer) transfer.hidden = !summary.transfer;

  top.addEventListener("input", () => {
    const share = Number(top.value) / 100;
    store.set({ top: share >= 1 ? null : Math.max(1, Math.round(mostEdges ** share)) });
  });

  const names = byId<HTMLDataListElement>("node-names");
  const used = new Set(summary.checkpoints.flatMap((c) => c.nodes));
  names.append(
    ...nodeNames(summary.shape).filter((name) => used.has(name)).map((value) =>
      html("option", { value })
    ),
  );
  search.addEventListener("input", () => {
    const found = findNode(search.value, summary.shape);
    search.classList.toggle("unknown", search.value.trim() !== "" && found === null);
    if (found) store.set({ pinned: found });
    else if (search.value.trim() === "") store.set({ pinned: null });
  });

  byId("theme").addEventListener("click", () => {
    store.set({ theme: isDark(store.state.theme) ? "light" : "dark" });
  });

  const stem = () => `${summary.model}_${summary.task}_step${steps[store.state.index]}`;
  const picture = byId<SVGSVGElement>("circuit");
  byId("save-svg").addEventListener(
    "click",
    () => saveFile(`${stem()}.svg`, [standaloneSvg(picture, PAGE_ONLY)], "image/svg+xml"),
  );
  byId("save-png").addEventListener("click", async () => {
    saveFile(`${stem()}.png`, [await pngOf(picture, PAGE_ONLY)], "image/png");
  });
  byId("save-json").addEventListener("click", () => {
    const pieces = graphJson(summary, store.state.index, nodeNames(summary.shape));
    saveFile(`${stem()}.json`, pieces, "application/json");
  });

  function update() {
    const { state } = store;
    slider.value = String(state.index);
    slider.style.setProperty("--done", `${last === 0 ? 0 : 100 * state.index / last}%`);
    slider.setAttribute("aria-valuetext", `step ${steps[state.index]}`);
    byId("step").textContent = integer(steps[state.index]);
    byId("step-count").textContent = `checkpoint ${state.index + 1} of ${steps.length}`;
    byId("top-value").textContent = state.top === null ? "all" : integer(state.top);
    if (document.activeElement !== top) {
      top.value = state.top === null
        ? "100"
        : String(100 * Math.log(state.top) / Math.log(Math.max(2, mostEdges)));
    }
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-letter].toggle")) {
      button.setAttribute(
        "aria-pressed",
        String(!state.hidden.has(button.dataset.letter as LineKind)),
      );
    }
    showChoices();
    applyTheme(state.theme);
    const root = document.documentElement;
    root.dataset.palette = state.palette;
    root.dataset.colour = state.colour;
    byId("theme").textContent = isDark(state.theme) ? "Light" : "Dark";
  }
  return { update, placeTicks };
}
