/** Writes the history of an edge: its share at each checkpoint, and when it and its features appear. */
import { html, integer, number, percent } from "../../../page/client/mod.ts";
import type { Side } from "../comparison.ts";
import { largestPart, partsOf } from "../edge_parts.ts";
import { head } from "./feature_history.ts";
import { shareRow } from "./share_row.ts";
import { endName, sinceWords, withInterval } from "../describe.ts";
import { type ShownEdge, slotOf } from "../run_index.ts";

/** Returns the parts of the panel. @param id of the edge */
export function edgeHistory({ index, t }: Side, id: string): HTMLElement[] {
  const { run } = index, [source, target] = id.split(">");
  const at = run.checkpoints.map((_, k) => index.edges(k, true).find((edge) => edge.id === id));
  const now = at[t];
  const links = [source, target].map((end) =>
    slotOf(end) === undefined
      ? endName(index, end, t)
      : html("button", { type: "button", class: "link", "data-pin": end }, endName(index, end, t))
  );
  const first = at.findIndex((edge) => edge !== undefined);
  const listed = now
    ? `Listed since ${sinceWords(index, now)}.`
    : first < 0
    ? "No circuit lists this edge."
    : `Not listed at this step; first listed at step ${integer(run.checkpoints[first].step)}.`;
  const formed = run.formed.find((edge) => `s${edge.source}>s${edge.target}` === id);
  const split = at.some((edge) => edge?.split);
  const rows = run.checkpoints.map(({ step, circuit }, k) =>
    html(
      "tr",
      { class: k === t ? "now" : null },
      html(
        "th",
        { scope: "row" },
        html("button", {
          type: "button",
          class: "step",
          "data-step": k,
          "aria-current": k === t ? "true" : null,
        }, integer(step)),
      ),
      html("td", {}, circuit ? withInterval(at[k]?.share, percent) : "no circuit"),
      ...(formed ? [html("td", {}, percent(formed.series[k]))] : []),
      ...(split ? [html("td", {}, mostlyThrough(at[k]))] : []),
    )
  );
  const parts: HTMLElement[] = [
    html("h2", { class: "section" }, links[0], " → ", links[1]),
    html("p", { class: "note" }, listed),
  ];
  if (formed) parts.push(birth(formed.appear, formed.lag));
  parts.push(
    html(
      "table",
      { class: "life" },
      html(
        "tr",
        {},
        ...[
          "step",
          "share, in the circuit",
          ...(formed ? ["share, followed back"] : []),
          ...(split ? ["mostly through"] : []),
        ]
          .map((name) => html("th", { scope: "col" }, name)),
      ),
      ...rows,
    ),
    html(
      "p",
      { class: "note" },
      `A dash: not listed. ${listingWords(run.smallestShare, run.mostEdges)}`,
    ),
  );
  if (now?.split) {
    const split = partsOf(now.share[0], now.split);
    const full = Math.max(...split.map(({ part }) => Math.abs(part)));
    parts.push(
      head("How it passes", `step ${integer(run.checkpoints[t].step)}`),
      html(
        "ol",
        { class: "shares" },
        ...split.map(({ name, part }) => shareRow({ label: name, share: part, full })),
      ),
      html(
        "p",
        { class: "note" },
        "Parts of the mean share. A head’s part is what it moves to the target’s position last; what comes " +
          "through several heads belongs to the last one. The direct part passes no head.",
      ),
    );
  }
  return parts;
}

function mostlyThrough(edge: ShownEdge | undefined): string {
  if (!edge?.split) return "–";
  return largestPart(partsOf(edge.share[0], edge.split));
}

/** Says which edges the results list. */
export function listingWords(smallest: number | null, most: number | null): string {
  if (smallest === null || most === null) return "The results list the largest edges.";
  return `The results list at most ${most} edges of each circuit, of a share of at least ${
    percent(smallest)
  }.`;
}

function birth(
  appear: [number, number, number] | null,
  lag: [number, number, number] | null,
): HTMLElement {
  if (!appear) {
    return html("p", { class: "birth" }, "One of its ends never appears, so it has no birth.");
  }
  const [source, target, edge] = appear.map(integer);
  const after = lag
    ? ` Lag after the later of them, in checkpoints: ${withInterval(lag, number)}.`
    : "";
  return html(
    "p",
    { class: "birth" },
    html("b", {}, `Born at step ${edge}`),
    `: there it first has half of its largest share. Its source appears at step ${source}, its target at ` +
      `step ${target}.${after}`,
  );
}
