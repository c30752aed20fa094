/** Describes nodes and edges: tooltips, the pinned node's card, role names and their colours. */
import { withoutUnderscores } from "../../display_names.ts";
import type { CircuitEdge, CircuitSummary } from "../../../utils/results/mod.ts";
import { fact, html, integer, number, percent, plural, titled } from "../../page/client/mod.ts";
import { compareRoles, isIoiRole, ROLES } from "../../../utils/names/mod.ts";
import { degreesOf, nodeShares } from "./circuit_math.ts";
import { longName } from "./names.ts";

const measuredSteps = new WeakMap<CircuitSummary, number[]>();

/** Returns the roles of a head at the last measured step at or before `step`. */
export function rolesAt(summary: CircuitSummary, step: number, node: string): string[] {
  const { roles } = summary;
  if (!roles) return [];
  let steps = measuredSteps.get(summary);
  if (!steps) {
    steps = Object.keys(roles).map(Number).sort((a, b) => a - b);
    measuredSteps.set(summary, steps);
  }
  const last = steps.findLast((measured) => measured <= step);
  const found = last === undefined ? [] : roles[String(last)]?.[node] ?? [];
  return found.toSorted(compareRoles(summary.task));
}

/** Returns the labels of all roles in the summary, in the order of `ROLES`. */
export function allRoles(summary: CircuitSummary): string[] {
  const names = new Set<string>();
  for (const heads of Object.values(summary.roles ?? {})) {
    for (const roles of Object.values(heads)) for (const role of roles) names.add(role);
  }
  return [...names].sort(compareRoles("ioi"));
}

/** Returns the number of a role's colour, the same on every page; unknown roles share the last one. */
export function roleColour(role: string): number {
  const place = ROLES.indexOf(withoutUnderscores(role));
  return place < 0 ? ROLES.length : place;
}

/** Returns the label of a role: `previous_token` → `previous token`. Says if it was measured on another task's prompts. */
export function roleLabel(summary: CircuitSummary, role: string): string {
  const label = withoutUnderscores(role);
  return summary.task !== "ioi" && isIoiRole(label) ? `${label} (on IOI prompts)` : label;
}

export function describeEdge(
  summary: CircuitSummary,
  index: number,
  edge: CircuitEdge,
): HTMLElement {
  const checkpoint = summary.checkpoints[index];
  const rank = 1 +
    checkpoint.circuit.filter((e) => Math.abs(e.score) > Math.abs(edge.score)).length;
  const into = edge.letter ? ` (${{ q: "query", k: "key", v: "value" }[edge.letter]})` : "";
  const steps = summary.checkpoints.filter((c) =>
    c.circuit.some((e) =>
      e.source === edge.source && e.target === edge.target && e.letter === edge.letter
    )
  );
  return titled(
    `${longName(edge.source)} → ${longName(edge.target)}${into}`,
    fact("score", number(edge.score)),
    ...(edge.interval
      ? [fact("95 % interval", `${number(edge.interval[0])} to ${number(edge.interval[1])}`)]
      : []),
    fact("rank", `${integer(rank)} of ${integer(checkpoint.circuit.length)}`),
    fact("in the circuit at", `${steps.length} of ${plural(summary.checkpoints.length, "step")}`),
  );
}

export function describeNode(summary: CircuitSummary, index: number, node: string): HTMLElement {
  const checkpoint = summary.checkpoints[index];
  const roles = rolesAt(summary, checkpoint.step, node);
  const degrees = degreesOf(checkpoint.circuit, node);
  const present = summary.checkpoints.filter((c) => c.nodes.includes(node));
  const inside = checkpoint.nodes.includes(node);
  const share = nodeShares(checkpoint.circuit).get(node) ?? 0;
  const facts = inside
    ? [
      fact("edges in", `${degrees.in}, score ${number(degrees.inScore)}`),
      fact("edges out", `${degrees.out}, score ${number(degrees.outScore)}`),
      fact("share of all |score|", percent(share)),
    ]
    : [html("div", { class: "fact" }, "not in the circuit at this step")];
  return titled(
    longName(node),
    ...(roles.length > 0
      ? [
        html(
          "div",
          { class: "role-line" },
          roles.map((role) => roleLabel(summary, role)).join(", "),
        ),
      ]
      : []),
    ...facts,
    fact(
      "in the circuit at",
      `${present.length} of ${plural(summary.checkpoints.length, "step")}`,
    ),
    ...(present.length > 0 ? [fact("first at", `step ${integer(present[0].step)}`)] : []),
  );
}
