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
export function showComparison(comparison: Comparison | null, { against }: Pick<State, "against">) {
  const note = byId("comparison");
  note.hidden = against === "off";
  if (note.hidden) return;
  if (!comparison) {
    note.textContent = "The model does the task at no other step, so there is nothing to compare.";
    return;
  }
  const { other, counts } = comparison;
  note.replaceChildren(
    `Against step ${integer(other.step)}: `,
    ...NAMES.map(([fate, name]) =>
      html("span", { class: `fate ${fate}` }, html("i"), `${integer(counts[fate])} ${name}`)
    ),
  );
}

/** Describes an edge of the other circuit that this one lacks. */
export function describeLostEdge({ other }: Comparison, edge: CircuitEdge): HTMLElement {
  return titled(
    edgeTitle(edge),
    html("div", { class: "fact" }, `only in the circuit of step ${integer(other.step)}`),
    fact("score there", number(edge.score)),
  );
}
