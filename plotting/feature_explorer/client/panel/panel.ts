/** Writes the column beside the picture: the checkpoint, or the pinned feature or edge. */
import { byId, html, integer, number, percent, plural } from "../../../page/client/mod.ts";
import { compareCircuits, type Side } from "../comparison.ts";
import { endName, sinceWords, withInterval } from "../describe.ts";
import { historyOf } from "./feature_history.ts";
import { edgeHistory } from "./edge_history.ts";
import { shareRow } from "./share_row.ts";
import { slotOf } from "../run_index.ts";
import type { Store } from "../state.ts";

/** Edges listed beside the picture. */
const LISTED = 60;

/** Returns a function that writes the panel. */
export function createPanel(store: Store) {
  const panel = byId("panel");
  const select = (index: number) => store.set({ index });
  const pin = (pinned: string) => store.set({ pinned });

  panel.addEventListener("click", (event) => {
    const target = (event.target as Element).closest<HTMLElement>("[data-pin], [data-step]");
    if (target?.dataset.pin) pin(target.dataset.pin);
    else if (target?.dataset.step) select(Number(target.dataset.step));
  });

  return function update(side: Side, other: Side | null) {
    const { pinned } = store.state;
    if (pinned === null) return panel.replaceChildren(...checkpointParts(side, other));
    const close = html("button", { class: "plain", type: "button" }, "unpin");
    close.addEventListener("click", () => store.set({ pinned: null }));
    const slot = slotOf(pinned);
    const focused = panel.contains(document.activeElement);
    if (pinned.includes(">")) panel.replaceChildren(close, ...edgeHistory(side, pinned));
    else if (slot !== undefined) {
      panel.replaceChildren(close, ...historyOf(side, slot));
    }
    if (focused) panel.querySelector<HTMLElement>('[aria-current="true"]')?.focus();
  };
}

const row = (label: string, ...value: string[]) =>
  html("div", {}, html("dt", {}, label), html("dd", {}, ...value));

function checkpointParts({ index, t }: Side, other: Side | null): HTMLElement[] {
  const { run } = index, { circuit, metric, accuracy, step, turnover } = run.checkpoints[t];
  const facts = html(
    "dl",
    { class: "facts" },
    row("metric of the whole model", withInterval(metric)),
    row("prompts right", percent(accuracy)),
  );
  const parts: HTMLElement[] = [html("h2", { class: "section" }, `Step ${integer(step)}`), facts];
  if (circuit) {
    const errors = circuit.nodes.filter(({ slot }) => run.slots[slot].numbers === null).length;
    const born = circuit.nodes.filter(({ slot }) => index.isBorn(slot, t)).length;
    const young = circuit.edges.filter(({ since }) => since === t).length;
    facts.append(
      row(
        "nodes",
        `${plural(circuit.nodes.length - errors, "feature")}, ${plural(errors, "error")}`,
      ),
      row("edges listed", integer(circuit.edges.length)),
      row("faithfulness", percent(circuit.normalized) + (circuit.reached ? "" : " (not reached)")),
      row(
        `random features${circuit.random ? `, ${circuit.random.size} nodes` : ""}`,
        percent(circuit.random?.normalized),
      ),
      row("stability over prompts", number(circuit.stability)),
      row("features born here", t === 0 ? "–" : integer(born)),
      row("edges listed here first", t === 0 ? "–" : integer(young)),
    );
  }
  for (const [set, share] of Object.entries(turnover.reproduced)) {
    facts.append(row(`features also in ${set}`, percent(share)));
  }
  if (other) parts.push(...comparisonParts({ index, t }, other));
  if (circuit) {
    const edges = index.edges(t, false);
    parts.push(
      html(
        "div",
        { class: "list-head" },
        html("h2", {}, "Strongest edges"),
        html(
          "span",
          {},
          edges.length > LISTED ? `${LISTED} of ${integer(edges.length)}` : integer(edges.length),
        ),
      ),
      html(
        "ol",
        { class: "shares" },
        ...edges.slice(0, LISTED).map((edge) =>
          shareRow({
            label: `${endName(index, edge.source, t)} → ${endName(index, edge.target, t)}`,
            share: edge.share,
            pin: edge.id,
            note: `listed since ${sinceWords(index, edge)}`,
          })
        ),
      ),
    );
  }
  return parts;
}

function comparisonParts(side: Side, other: Side): HTMLElement[] {
  const found = compareCircuits(side, other);
  const what = found.byFeature ? ["features", "edges"] : ["cells", "edges between cells"];
  const line = (name: string, { kept, first, second }: typeof found.nodes) =>
    html(
      "tr",
      {},
      html("th", { scope: "row" }, name),
      ...[first, kept, second].map((count) => html("td", {}, integer(count))),
    );
  const notes = found.byFeature
    ? `Of those only left, ${found.firstAbsent} are not among the right checkpoint’s features; of those ` +
      `only right, ${found.secondAbsent} are not among the left’s. The others are there, outside the circuit.`
    : "Features of different runs have no match one by one. A cell is a layer and a position: it counts " +
      "if the circuit has any node there.";
  return [
    html(
      "table",
      { class: "counts" },
      html(
        "tr",
        {},
        html("th", {}),
        ...["only left", "both", "only right"].map((name) => html("th", { scope: "col" }, name)),
      ),
      line(what[0], found.nodes),
      line(what[1], found.edges),
    ),
    html("p", { class: "note" }, notes),
  ];
}
