/** Writes a list's line of an edge: its name, a bar from the middle, and the share. */
import { html, percent } from "../../../page/client/mod.ts";
import type { Estimate } from "../../page_data.ts";
import { withInterval } from "../describe.ts";

/** What a line says. */
export interface ShareRow {
  label: string;
  /** with its interval, or alone */
  share: Estimate | number;
  /** share that fills the bar; default 1 */
  full?: number;
  /** what a click pins; undefined for what has no history */
  pin?: string;
  /** more, on hover */
  note?: string;
}

/** Returns the line. The bar's full length is a share of `full` or more. */
export function shareRow({ label, share, full = 1, pin, note }: ShareRow): HTMLElement {
  const mean = typeof share === "number" ? share : share[0];
  const bar = html("i", { class: mean < 0 ? "negative" : "positive" });
  bar.style.width = `${Math.max(1, Math.min(100, 100 * Math.abs(mean) / full))}%`;
  const parts = [
    html("span", { class: "name" }, label),
    html("span", { class: "track" }, bar),
    html("span", { class: "score" }, percent(mean)),
  ];
  const size = typeof share === "number" ? percent(share) : withInterval(share, percent);
  const title = `${size}${note ? `, ${note}` : ""}`;
  return html(
    "li",
    { title },
    pin === undefined
      ? html("span", { class: "line" }, ...parts)
      : html("button", { class: "line", type: "button", "data-pin": pin }, ...parts),
  );
}
