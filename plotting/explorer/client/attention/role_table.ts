/** Makes the table of a head's attention by the role of positions: from each named position to each other one. */
import type { AttentionPatternFile } from "../../../../utils/results/mod.ts";
import { html } from "../../../page/client/mod.ts";
import { FIRST, PREVIOUS, type PromptPatterns, roleScore, rolesOf } from "./patterns.ts";

/** Returns the table; each cell is a mean over the prompts that have both positions in this order. */
export function roleTable(
  prompts: AttentionPatternFile["prompts"],
  patterns: readonly PromptPatterns[],
  head: number,
): HTMLElement {
  const roles = rolesOf(prompts);
  const keys = [FIRST, PREVIOUS, ...roles];
  const cell = (from: string, to: string) => {
    const score = roleScore(patterns, head, from, to);
    if (!score) return html("td", {}, "–");
    const { mean, least, most, prompts: count } = score;
    const td = html("td", {
      title: `${from} → ${to}: ${least.toFixed(2)} to ${most.toFixed(2)} on ${count} prompts`,
    }, mean.toFixed(2));
    td.style.setProperty("--share", `${(100 * mean).toFixed(1)}%`);
    return td;
  };
  return html(
    "table",
    {},
    html("caption", {}, `Mean attention on ${prompts.length} prompts, from → to`),
    html(
      "thead",
      {},
      html("tr", {}, html("td", {}), ...keys.map((key) => html("th", { scope: "col" }, key))),
    ),
    html(
      "tbody",
      {},
      ...roles.map((from) =>
        html(
          "tr",
          {},
          html("th", { scope: "row" }, from),
          ...keys.map((to) => cell(from, to)),
        )
      ),
    ),
  );
}
