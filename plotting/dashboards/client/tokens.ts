/** Draws tokens of text, shaded by activation. Tokens are text nodes: whatever they hold, nothing of it is markup. */
import { fact, hideTooltip, html, number, showTooltip, titled } from "../../page/client/mod.ts";
import type { FeatureDashboards } from "../../../utils/results/mod.ts";
import { type DashboardData, shownToken, tokenText } from "./dashboard_data.ts";

/** Text that examples show: the vocabulary, and rows of tokens by number. */
export interface ExampleText extends Pick<DashboardData, "vocabulary"> {
  dashboards: Pick<FeatureDashboards, "rows">;
}

/** Returns a token in a frame, as lists show it. */
export function tokenChip(text: string): HTMLElement {
  const shown = shownToken(text);
  return html("bdi", { class: "chip", title: JSON.stringify(text.slice(0, 200)) }, shown || "∅");
}

/** Returns a token of running text. @param share activation relative to the largest, 0 … 1 */
function token(text: string, share: number, details: Record<string, string | number>): HTMLElement {
  const attributes: Record<string, string | number> = { class: "tok", ...details };
  if (/^<\|.*\|>$/.test(text)) attributes.class = "tok special";
  if (share > 0) attributes.style = `--share:${share.toFixed(3)}`;
  return html("bdi", attributes, shownToken(text));
}

/**
 * Returns an example as one line with its peak at the same place in every line; a click wraps it.
 * @param stored the example as result files hold it: row, peak, first position, end, position, activation, …
 * @param max largest activation of the feature
 */
export function exampleLine(
  data: ExampleText,
  [row, peak, from, end, ...pairs]: readonly number[],
  max: number,
): HTMLElement {
  const ids = data.dashboards.rows[row] ?? [];
  const activations = new Map<number, number>();
  for (let i = 0; i < pairs.length; i += 2) activations.set(pairs[i], pairs[i + 1]);
  const at = (p: number) => {
    const text = tokenText(data, ids[p]), value = activations.get(p) ?? 0;
    return token(text, max > 0 ? value / max : 0, {
      "data-text": JSON.stringify(text.slice(0, 200)),
      "data-value": value,
      "data-place": p,
      "data-row": row,
    });
  };
  const range = (a: number, b: number) => {
    const found: HTMLElement[] = [];
    for (let p = a; p < b; p++) found.push(at(p));
    return found;
  };
  const middle = at(peak);
  middle.classList.add("peak");
  const value = activations.get(peak) ?? 0;
  return html(
    "div",
    { class: "example" },
    html("span", { class: "act" }, value.toPrecision(3)),
    html("span", { class: "before" }, html("span", {}, ...range(from, peak))),
    html("span", { class: "from-peak" }, middle, ...range(peak + 1, end)),
  );
}

/** Shows the tooltip of the token under the pointer; hides it elsewhere. */
export function showTokenOf(event: PointerEvent): void {
  const token = (event.target as Element).closest<HTMLElement>(".tok");
  if (!token) return hideTooltip();
  const { text, value, place, row } = token.dataset;
  showTooltip(
    event,
    titled(
      text!,
      fact("activation", number(Number(value))),
      fact("position", place!),
      fact("row", row!),
    ),
  );
}
