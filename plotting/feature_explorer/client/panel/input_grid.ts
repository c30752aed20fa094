/** Draws what feeds a feature over training: a row per source, a cell per checkpoint. */
import { html, integer, percent } from "../../../page/client/mod.ts";
import type { SlotInput } from "../../page_data.ts";
import type { RunIndex } from "../run_index.ts";
import { inputName, withInterval } from "../describe.ts";

/** Sources shown; the others are counted. */
const ROWS = 14;

/** Returns the grid. A source that is not among the largest at a checkpoint has a dash there. */
export function inputGrid(index: RunIndex, slot: number, now: number): HTMLElement {
  const { run } = index, inputs = run.slots[slot].inputs!;
  const sources = new Map<
    string,
    { name: string; cells: (SlotInput | undefined)[]; most: number }
  >();
  inputs.forEach((list, t) => {
    for (const input of list) {
      const key = JSON.stringify(input[0]);
      const name = inputName(index, input, t);
      if (!sources.has(key)) {
        sources.set(key, {
          name,
          cells: inputs.map(() => undefined),
          most: 0,
        });
      }
      const row = sources.get(key)!;
      // the name at the checkpoint shown, otherwise the last one
      if (row.cells[now] === undefined) row.name = name;
      row.cells[t] = input;
      row.most = Math.max(row.most, Math.abs(input[1]));
    }
  });
  const rows = [...sources.values()].sort((a, b) => b.most - a.most);
  const left = rows.length - ROWS;
  return html(
    "div",
    {},
    html(
      "table",
      { class: "grid-inputs" },
      html(
        "tr",
        {},
        html("th", {}),
        ...run.checkpoints.map(({ step }, t) =>
          html("th", { scope: "col", class: t === now ? "now" : null }, integer(step))
        ),
      ),
      ...rows.slice(0, ROWS).map(({ name, cells }) =>
        html("tr", {}, html("th", { scope: "row" }, name), ...cells.map(cell))
      ),
    ),
    html(
      "p",
      { class: "note" },
      `A dash: not among the largest inputs there.${
        left > 0 ? ` ${left} more sources are hidden.` : ""
      }`,
    ),
  );
}

function cell(input: SlotInput | undefined): HTMLElement {
  if (!input) return html("td", {}, "–");
  const [, ...share] = input;
  const mark = html("i", { class: share[0] < 0 ? "negative" : "positive" });
  mark.style.setProperty("--size", Math.min(1, Math.sqrt(Math.abs(share[0]))).toFixed(2));
  return html(
    "td",
    { title: withInterval(share, percent), "aria-label": percent(share[0]) },
    mark,
  );
}
