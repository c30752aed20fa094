/**
 * Draws the dashboard of a feature into any element: the dashboards' page, or the side panel of another page. The card adapts to
 * the width of its container. A page that uses it lists `styles/card.css` after the kit's `theme`, `palette` and `base`.
 */
import { hideTooltip, html, integer, number, percent } from "../../page/client/mod.ts";
import type { DashboardRule, DashboardScore } from "../../../utils/results/mod.ts";
import { histogramChart, readingsChart } from "./card_charts.ts";
import { connectionList, tokenList } from "./card_lists.ts";
import {
  type DashboardData,
  type FeatureName,
  findFeature,
  type FoundFeature,
  tokenText,
} from "./dashboard_data.ts";
import { rulePieces } from "./rules.ts";
import { exampleLine, showTokenOf, tokenChip } from "./tokens.ts";

/** What a page does with the card. */
export interface CardOptions {
  /** opens another feature; default: features in lists are plain text */
  onFeature?(name: FeatureName): void;
}

/**
 * Draws a feature's card into `container`, whose content it replaces. Says so where the data does not have the feature.
 * @param data what the page embeds, whole or from `pickFeatures`
 */
export function renderFeature(
  container: HTMLElement,
  name: FeatureName,
  data: DashboardData,
  options: CardOptions = {},
): void {
  hideTooltip();
  const found = findFeature(data, name);
  const card = html("article", {
    class: "feature-card",
    "aria-label": `Feature ${name.layer}.${name.id}`,
  });
  container.replaceChildren(card);
  if (!found) {
    card.append(
      html("p", { class: "nothing" }, `No dashboard of feature ${name.layer}.${name.id}.`),
    );
    return;
  }
  card.append(heading(found, data));
  if (found.feature.firings === 0) {
    card.append(html("p", { class: "nothing" }, "It never fired on this text."));
    return;
  }
  card.append(
    overview(found, data),
    exampleLists(found, data),
    connectionLists(found, data, options),
  );
  card.addEventListener("pointermove", showTokenOf);
  card.addEventListener("pointerleave", hideTooltip);
  card.addEventListener("click", ({ target }) => {
    (target as Element).closest(".example")?.classList.toggle("open");
  });
}

function heading({ layer, feature }: FoundFeature, data: DashboardData): HTMLElement {
  const { firings, mean, max } = feature, { tokens } = data.dashboards;
  const facts = [
    `layer ${layer.layer}`,
    `fires on ${number(100 * firings / tokens)} % of tokens (${integer(firings)})`,
    ...(firings > 0 ? [`mean ${number(mean)}, largest ${number(max)}`] : []),
  ];
  return html(
    "header",
    {},
    html("h2", { class: "card-title" }, `Feature ${layer.layer}.${feature.id}`),
    html("p", { class: "card-facts" }, facts.join(" · ")),
  );
}

function ruleLine(
  data: DashboardData,
  start: string,
  rule: DashboardRule | undefined,
  score: DashboardScore | undefined,
): HTMLElement[] {
  if (!rule || !score) return [];
  const pieces = rulePieces(data, rule)
    .map((piece) => "words" in piece ? piece.words : tokenChip(piece.token));
  return [
    html(
      "p",
      { class: "rule-line" },
      `${start} `,
      ...pieces,
      html(
        "span",
        { class: "rule-scores" },
        ` precision ${percent(rule.precision)}, recall ${percent(rule.recall)}, F1 ${
          score[0].toFixed(2)
        }`,
      ),
    ),
  ];
}

function overview(found: FoundFeature, data: DashboardData): HTMLElement {
  const { feature } = found, { dashboards } = data;
  const { rule, label, scores, histogram, logits } = feature;
  const note = scores ? [] : [
    html(
      "p",
      { class: "nothing" },
      `No readings: fewer than ${dashboards.least_firings} firings in one half of the ` +
        `${integer(dashboards.fit_tokens + dashboards.held_out_tokens)} tokens read.`,
    ),
  ];
  return html(
    "div",
    {},
    ...ruleLine(data, "Best rule:", rule, scores?.rule),
    ...ruleLine(data, "By the generator’s labels:", label, scores?.label),
    ...note,
    html(
      "div",
      { class: "overview" },
      ...(scores
        ? [html("div", {}, html("h3", {}, "Readings"), readingsChart(found, dashboards.scores))]
        : []),
      html(
        "div",
        { class: "histograms" },
        html(
          "div",
          {},
          html("h3", {}, "Activations ", html("small", {}, "log counts")),
          ...(histogram ? [histogramChart(histogram, "Histogram of activations")] : []),
        ),
        html(
          "div",
          {},
          html("h3", {}, "Effect on logits ", html("small", {}, "log counts of tokens")),
          ...(logits ? [histogramChart(logits, "Histogram of effects on logits", true)] : []),
        ),
      ),
    ),
  );
}

function exampleLists({ feature }: FoundFeature, data: DashboardData): HTMLElement {
  const { top = [], bands = [], max } = feature;
  const lines = (list: readonly number[][]) => list.map((stored) => exampleLine(data, stored, max));
  return html(
    "div",
    { class: "examples" },
    html("h3", {}, "Top examples ", html("small", {}, "one per row of text")),
    ...lines(top),
    ...bands.flatMap(({ from, to, low, high, examples }) => [
      html(
        "h3",
        {},
        `Firings at ${percent(from)} to ${percent(to)} `,
        html("small", {}, `activation ${number(low)} to ${number(high)}, sampled`),
      ),
      ...lines(examples),
    ]),
  );
}

function connectionLists(
  { feature }: FoundFeature,
  data: DashboardData,
  { onFeature }: CardOptions,
): HTMLElement {
  const link = (name: FeatureName): Node => {
    const text = `${name.layer}.${name.id}`, target = findFeature(data, name);
    const hint = target ? firstTokens(data, target) : "";
    const small = html("bdi", { class: "hint" }, hint);
    if (!onFeature || !target) return html("span", { class: "link" }, text, small);
    const button = html("button", { class: "link", type: "button" }, html("b", {}, text), small);
    button.addEventListener("click", () => onFeature(name));
    return button;
  };
  const head = ({ layer, id }: FeatureName): Node =>
    html("span", { class: "link" }, `head ${layer}.${id}`);
  const { raised, lowered, excited, inhibited, inputs, inhibitors, outputs, heads, similar } =
    feature;
  const direct =
    "Direct effect of an activation of 1 through the final LayerNorm’s gain and the unembedding, without " +
    "the LayerNorm’s scale, less the mean over the vocabulary";
  const embedded =
    "Product of the token’s embedding with what the feature reads, without the LayerNorm’s scale";
  const pulled =
    "Product of the earlier feature’s decoder with what this one reads, whatever the text";
  const fed =
    "Product of this feature’s decoder with what the later feature reads, whatever the text";
  const lists = [
    tokenList(data, "Raises logits", direct, raised),
    tokenList(data, "Lowers logits", direct, lowered),
    tokenList(data, "Tokens that excite it", embedded, excited),
    tokenList(data, "Tokens that inhibit it", embedded, inhibited),
    connectionList("Features that excite it", pulled, inputs, link),
    connectionList("Features that inhibit it", pulled, inhibitors, link),
    connectionList("Features it excites", fed, outputs, link),
    connectionList(
      "Heads it reads",
      "Norm of what it reads, pulled back through the head’s OV circuit",
      heads,
      head,
    ),
    connectionList("Similar features", "Cosine of the decoder rows", similar, link),
  ];
  return html("div", { class: "lists" }, ...lists.filter((each) => each !== undefined));
}

/** Returns the tokens at the peaks of a feature's top examples, the most frequent first, as text. */
export function peakTokens(data: DashboardData, { feature }: FoundFeature): string[] {
  const counts = new Map<string, number>();
  for (const [row, peak] of feature.top ?? []) {
    const text = tokenText(data, data.dashboards.rows[row]?.[peak] ?? -1);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([text]) => text);
}

const firstTokens = (data: DashboardData, found: FoundFeature) =>
  peakTokens(data, found).slice(0, 2).map((text) => text.trim().slice(0, 14)).join(", ");
