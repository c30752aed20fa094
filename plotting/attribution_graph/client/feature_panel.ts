/**
 * Shows a feature in a container. Pages that have dashboards can pass their own renderer of the same form, so that a click opens
 * the feature's dashboard.
 */
import { html, number } from "../../page/client/mod.ts";
import { visibleText } from "./names.ts";

/** What is known of a feature. */
export interface PanelFeature {
  layer: number;
  /** number of the feature in its layer */
  feature: number;
  /** position in the prompt */
  position: number;
  /** its activation there */
  activation: number;
  /** tokens whose logits it raises and lowers most, per unit of activation; absent if not computed */
  logits?: { raised: readonly [string, number][]; lowered: readonly [string, number][] };
}

/** Draws a feature into a container, in place of what is there. */
export type RenderFeature = (container: HTMLElement, feature: PanelFeature) => void;

/** Lists the logits that a feature raises and lowers. */
export const renderFeature: RenderFeature = (container, { logits }) => {
  if (!logits) {
    container.replaceChildren(
      html("p", { class: "quiet" }, "Raised and lowered logits: – (not computed for this feature)"),
    );
    return;
  }
  const most = Math.max(
    ...[...logits.raised, ...logits.lowered].map(([, value]) => Math.abs(value)),
  );
  const list = (name: string, tokens: readonly [string, number][], sign: string) =>
    html(
      "div",
      {},
      html("h3", {}, name),
      html(
        "ol",
        { class: `logits ${sign}` },
        ...tokens.map(([text, value]) => {
          const bar = html("i");
          bar.style.width = `${(100 * Math.abs(value) / (most || 1)).toFixed(1)}%`;
          return html(
            "li",
            { title: `${number(value)} per unit of activation` },
            html("span", { class: "token" }, visibleText(text, 18)),
            html("span", { class: "track" }, bar),
          );
        }),
      ),
    );
  container.replaceChildren(
    html(
      "div",
      {
        class: "logit-lists",
        title: "Straight through the final LayerNorm, relative to the mean of all logits",
      },
      list("Raises", logits.raised, "positive"),
      list("Lowers", logits.lowered, "negative"),
    ),
  );
};
