/** Says on the page what the comparison of two circuits found. */
import type { CircuitEdge } from "../../../utils/results/mod.ts";
import { byId, fact, html, integer, number, titled } from "../../page/client/mod.ts";
import type { Comparison, Fate } from "./comparison.ts";
import { edgeTitle } from "./describe.ts";
import type { State } from "./state.ts";

const NAMES: [Fate, string][] = [["gained", "only here"], ["lost", "only there"], [
  "kept",
  "in both",
]];

/** Shows what the comparison is with, and how many edges have which fate; hides the note without one. */
export function showComparison(
  comparison: Comparison | null,
  { against }: Pick<State, "against">,
  model: string,
) {
  const note = byId("comparison");
  note.hidden = against === "off";
  if (note.hidden) return;
  if (!comparison) {
    note.textContent = against === "previous" || against === "last"
      ? "The model does the task at no other such step, so there is nothing to compare."
      : "Nothing to compare: the other side has no circuit at this step.";
    return;
  }
  const { name: other, run, counts } = comparison;
  note.replaceChildren(
    `Against ${other}: `,
    ...NAMES.map(([fate, name]) =>
      html("span", { class: `fate ${fate}` }, html("i"), `${integer(counts[fate])} ${name}`)
    ),
    ...(run && run.model !== model
      ? ["Heads of two models are matched by their numbers, whatever they do."]
      : []),
  );
}

/** Describes an edge of the other circuit that this one lacks. */
export function describeLostEdge({ name }: Comparison, edge: CircuitEdge): HTMLElement {
  return titled(
    edgeTitle(edge),
    html("div", { class: "fact" }, `only in the circuit of ${name}`),
    fact("score there", number(edge.score)),
  );
}
