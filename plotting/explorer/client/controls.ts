/** Connects the controls to the state: player, keys, filters, search, theme and exports. */
import {
  applyTheme,
  byId,
  connectChoices,
  createPlayer,
  html,
  integer,
  isDark,
  pngOf,
  printSvg,
  saveFile,
  standaloneSvg,
} from "../../page/client/mod.ts";
import { graphJson } from "./graph_json.ts";
import { nodeNames } from "../../../utils/names/mod.ts";
import { findNode, type LineKind } from "./names.ts";
import { pictureHeading } from "./picture/picture_heading.ts";
import type { ShownSummary } from "./shown.ts";
import type { Store } from "./state.ts";

/** Attributes of the circuit's picture that only the page's styles use. */
const PAGE_ONLY = ["data-role"];

export function createControls(summary: ShownSummary, store: Store) {
  const steps = summary.checkpoints.map((c) => c.step);
  const top = byId<HTMLInputElement>("top");
  const search = byId<HTMLInputElement>("search");
  const mostEdges = Math.max(1, ...summary.checkpoints.map((c) => c.circuit.length));
  const player = createPlayer({
    steps,
    able: summary.checkpoints.map((c) => c.able),
    index: () => store.state.index,
    select: (index) => store.set({ index }),
    ignores: (target, key) => target === top && /^(Arrow|Home|End)/.test(key),
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      search.blur();
      return store.set({ pinned: null });
    }
    if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "/") return;
    event.preventDefault();
    search.focus();
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
  const above = document.querySelector<HTMLButtonElement>('[data-set="measure=normalized"]');
  if (above) above.hidden = !summary.fromCorrupted;

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
  /** Makes a file of the whole circuit, however the reader zoomed. */
  function whole<Made>(make: (...picture: Parameters<typeof standaloneSvg>) => Made): Made {
    const { view } = store.state;
    store.set({ view: null });
    const made = make(picture, PAGE_ONLY, pictureHeading(summary, store.state));
    store.set({ view });
    return made;
  }
  byId("save-svg").addEventListener(
    "click",
    () => saveFile(`${stem()}.svg`, [whole(standaloneSvg)], "image/svg+xml"),
  );
  byId("save-png").addEventListener("click", async () => {
    saveFile(`${stem()}.png`, [await whole(pngOf)], "image/png");
  });
  byId("save-pdf").addEventListener("click", () => printSvg(whole(standaloneSvg), stem()));
  byId("save-json").addEventListener("click", () => {
    const pieces = graphJson(summary, store.state.index, nodeNames(summary.shape));
    saveFile(`${stem()}.json`, pieces, "application/json");
  });

  function update() {
    const { state } = store;
    player.update();
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
  return { update, placeTicks: player.placeTicks };
}
