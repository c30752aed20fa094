/** Writes the history of a feature: its life by checkpoint, what feeds it, and what it feeds. */
import { exampleLine, showTokenOf } from "../../../dashboards/client/mod.ts";
import { hideTooltip, html, integer, number, percent } from "../../../page/client/mod.ts";
import type { SlotInput } from "../../page_data.ts";
import type { Side } from "../comparison.ts";
import { endName, inputName, lifeWords, sinceWords, withInterval } from "../describe.ts";
import { inputGrid } from "./input_grid.ts";
import type { RunIndex } from "../run_index.ts";
import { cardOf } from "../through_time/feature_cards.ts";
import { shareRow } from "./share_row.ts";

/** Returns the parts of the panel. */
export function historyOf({ index, t }: Side, slot: number): HTMLElement[] {
  const { run } = index, { inputs, presence } = run.slots[slot];
  const end = `s${slot}`;
  const parts = [
    html("h2", { class: "section" }, endName(index, end, t)),
    html("p", { class: "note" }, `${capital(lifeWords(index, slot, t))}.`),
    ...firesOn(index, slot, t),
    lifeTable(index, slot, t),
  ];
  const edges = index.edges(t, false);
  const outgoing = edges.filter(({ source }) => source === end);
  const incoming = edges.filter(({ target }) => target === end);
  if (inputs) {
    const list = inputs[t];
    parts.push(
      head("What feeds it", list.length === 0 ? "–" : `${list.length} largest`),
      html("ol", { class: "shares" }, ...list.map((input) => inputRow(index, input, slot, t))),
      head("Its inputs over training", ""),
      inputGrid(index, slot, t),
    );
  } else if (presence === null) {
    parts.push(
      head("What feeds it", `${incoming.length} in the circuit`),
      html(
        "ol",
        { class: "shares" },
        ...incoming.map((edge) =>
          shareRow({
            label: endName(index, edge.source, t),
            share: edge.share,
            pin: edge.id,
            note: `listed since ${sinceWords(index, edge)}`,
          })
        ),
      ),
      html(
        "p",
        { class: "note" },
        "All its inputs and its presence are measured just for features of the last circuit.",
      ),
    );
  }
  parts.push(
    head("What it feeds", `${outgoing.length} in the circuit`),
    html(
      "ol",
      { class: "shares" },
      ...outgoing.map((edge) =>
        shareRow({
          label: endName(index, edge.target, t),
          share: edge.share,
          pin: edge.id,
          note: `listed since ${sinceWords(index, edge)}`,
        })
      ),
    ),
  );
  return parts;
}

/** Returns the feature's top examples at the checkpoint, where the page has its dashboard. */
function firesOn(index: RunIndex, slot: number, t: number): HTMLElement[] {
  const card = cardOf(index, slot, t);
  if (!card || !card.found.feature.top) return [];
  const { top, max } = card.found.feature;
  const more = html("button", { type: "button", class: "link" }, "at every checkpoint ↓");
  more.addEventListener(
    "click",
    () => document.getElementById("through")!.scrollIntoView({ block: "start" }),
  );
  const box = html(
    "div",
    { class: "fires feature-card" },
    ...top.map((stored) => exampleLine(card.data, stored, max)),
  );
  box.addEventListener("pointermove", showTokenOf);
  box.addEventListener("pointerleave", hideTooltip);
  box.addEventListener("click", ({ target }) => {
    (target as Element).closest(".example")?.classList.toggle("open");
  });
  return [
    html("div", { class: "list-head" }, html("h2", {}, "What it fires on"), more),
    box,
  ];
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Returns a heading with what it counts. */
export function head(title: string, count: string): HTMLElement {
  return html("div", { class: "list-head" }, html("h2", {}, title), html("span", {}, count));
}

function inputRow(index: RunIndex, input: SlotInput, slot: number, t: number): HTMLElement {
  const [source, ...share] = input;
  const outside = typeof source !== "number";
  const id = `s${source}>s${slot}`;
  return shareRow({
    label: inputName(index, input, t),
    share,
    pin: outside ? undefined : id,
    note: outside ? "in no circuit" : undefined,
  });
}

function lifeTable(index: RunIndex, slot: number, now: number): HTMLElement {
  const { numbers, presence, cosines, similarities } = index.run.slots[slot];
  const heads = ["step", "feature", "effect on the metric", "presence", "cosine", "similar"];
  const rows = index.run.checkpoints.map(({ step, circuit }, t) => {
    const node = index.nodes(t).get(slot), life = index.life(slot, t);
    const name = numbers?.[t];
    const what = !circuit
      ? "no circuit"
      : node
      ? withInterval(node.effect)
      : life === "out"
      ? "outside"
      : life === "unborn"
      ? "not yet"
      : "gone";
    const go = html("button", {
      type: "button",
      class: "step",
      "data-step": t,
      "aria-current": t === now ? "true" : null,
    }, integer(step));
    return html(
      "tr",
      { class: `${node ? "in" : life}${t === now ? " now" : ""}` },
      html("th", { scope: "row" }, go),
      html(
        "td",
        {},
        numbers === null ? "error" : name === null || name === undefined ? "–" : String(name),
      ),
      html("td", {}, what),
      html("td", {}, percent(presence?.[t]?.[0])),
      html("td", {}, t === 0 ? "–" : number(cosines[t])),
      html("td", {}, t === 0 ? "–" : number(similarities[t])),
    );
  });
  return html(
    "table",
    { class: "life" },
    html(
      "tr",
      {},
      ...heads.map((name) => html("th", { scope: "col" }, name)),
    ),
    ...rows,
  );
}
