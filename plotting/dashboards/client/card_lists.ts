/** Lists of a feature's card: tokens, features and heads with a bar each. */
import { html, number } from "../../page/client/mod.ts";
import { type DashboardData, type FeatureName, tokenText } from "./dashboard_data.ts";
import { tokenChip } from "./tokens.ts";

function line(name: Node, value: number, most: number): HTMLElement {
  const share = most > 0 ? Math.abs(value) / most : 0;
  return html(
    "li",
    { class: value < 0 ? "minus" : "plus" },
    name,
    html("span", { class: "bar", style: `--share:${share.toFixed(3)}` }),
    html("span", { class: "amount" }, number(value)),
  );
}

/** Returns a list with its title; undefined where it is empty. */
function list(title: string, note: string, lines: HTMLElement[]): HTMLElement | undefined {
  if (lines.length === 0) return undefined;
  return html(
    "div",
    { class: "list" },
    html("h4", { title: note }, title),
    html("ol", {}, ...lines),
  );
}

const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs), 0);

/** Returns a list of tokens. @param pairs token, value, … */
export function tokenList(
  data: DashboardData,
  title: string,
  note: string,
  pairs: readonly number[] = [],
): HTMLElement | undefined {
  const values = pairs.filter((_, i) => i % 2 === 1), most = largest(values);
  const lines = values.map((value, i) =>
    line(tokenChip(tokenText(data, pairs[2 * i])), value, most)
  );
  return list(title, note, lines);
}

/**
 * Returns a list of features or heads.
 * @param triples layer, number, value, …
 * @param link makes the name; a button that opens a feature, or plain text
 */
export function connectionList(
  title: string,
  note: string,
  triples: readonly number[] = [],
  link: (name: FeatureName) => Node,
): HTMLElement | undefined {
  const values = triples.filter((_, i) => i % 3 === 2), most = largest(values);
  const lines = values.map((value, i) =>
    line(link({ layer: triples[3 * i], id: triples[3 * i + 1] }), value, most)
  );
  return list(title, note, lines);
}
