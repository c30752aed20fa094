/** Writes what a feature is at one checkpoint in a row: its number and drift, its best rules with their scores, its top examples. */
import { decimal, exampleLine, rulePieces, tokenChip } from "../../../dashboards/client/mod.ts";
import { fact, html, integer, number } from "../../../page/client/mod.ts";
import { lifeWords } from "../describe.ts";
import { type RunIndex, slotName } from "../run_index.ts";
import { cardOf, type FeatureCard } from "./feature_cards.ts";

/** Examples in a row. */
const EXAMPLES = 3;

/** Returns the row. A click on its step shows the checkpoint. */
export function checkpointRow(index: RunIndex, slot: number, t: number): HTMLElement {
  const { run } = index, { numbers, cosines, lastCosines } = run.slots[slot];
  const there = numbers !== null && numbers[t] !== null;
  const card = cardOf(index, slot, t);
  const head = html(
    "div",
    { class: "row-head" },
    html(
      "button",
      { type: "button", class: "step", "data-step": t },
      `step ${integer(run.checkpoints[t].step)}`,
    ),
    html("b", {}, there ? slotName(run.slots[slot], t) : "–"),
    html("span", {}, lifeWords(index, slot, t)),
  );
  if (there) {
    head.append(
      fact("decoder, cosine with before", t === 0 ? "–" : number(cosines[t])),
      fact("with the last checkpoint", number(lastCosines?.[t])),
    );
  }
  if (card) {
    const { firings } = card.found.feature, { tokens } = card.data.dashboards;
    head.append(fact("fires on", `${number(100 * firings / tokens)} % of tokens`));
  }
  const nothing = there ? "No dashboard of this checkpoint’s transcoders." : "";
  return html(
    "div",
    { class: `row ${there ? "there" : "away"}`, "data-row": t },
    head,
    card ? readings(card) : html("p", { class: "note" }, nothing),
    card ? examples(card) : html("div", {}),
  );
}

function readings({ data, found: { layer, feature } }: FeatureCard): HTMLElement {
  const rule = (name: "rule" | "label", start: string) => {
    const found = feature[name], score = feature.scores?.[name];
    if (!found) return [];
    const pieces = rulePieces(data, found)
      .map((piece) => "words" in piece ? piece.words : tokenChip(piece.token));
    const floor = layer.summary[name]?.floor_quantiles[2];
    const f1 = score
      ? `F1 ${decimal(score[0])} [${decimal(score[1])}, ${decimal(score[2])}]`
      : "F1 –";
    return [
      html("p", { class: "rule-line" }, html("i", {}, `${start} `), ...pieces),
      html(
        "p",
        { class: "rule-score" },
        html("b", {}, f1),
        `, random coder ${floor === undefined ? "–" : decimal(floor)}`,
      ),
    ];
  };
  const lines = [...rule("rule", "Best rule:"), ...rule("label", "By the generator’s labels:")];
  const { least_firings } = data.dashboards;
  if (lines.length === 0) {
    const why = feature.firings === 0
      ? "It never fired on the text."
      : `No readings: fewer than ${least_firings} firings in one half of the text.`;
    lines.push(html("p", { class: "note" }, why));
  }
  return html("div", { class: "row-readings" }, ...lines);
}

function examples({ data, found: { feature } }: FeatureCard): HTMLElement {
  return html(
    "div",
    { class: "row-examples" },
    ...(feature.top ?? []).slice(0, EXAMPLES)
      .map((stored) => exampleLine(data, stored, feature.max)),
  );
}
