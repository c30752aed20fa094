/** Tables of the case studies: places without their text, shared components, scores of hypotheses, connections. */
import { table, withMinus } from "../notebooks/mod.ts";
import {
  deEmbeddings,
  extremes,
  type FeatureModel,
  featurePathSchema,
  pullbacks,
  tokenText,
} from "../utils/experiments/mod.ts";
import {
  bestToken,
  type FeatureRow,
  type Hypothesis,
  type HypothesisScore,
  type Place,
  scoreHypothesis,
  type SharedSource,
} from "./case_study.ts";
import { asCell } from "./features_on_text.ts";

/** Returns places as row, position and activation: what an analyst may see before the hypothesis. */
export function placesTable(places: readonly Place[]): string {
  return table(
    ["row", "position", "activation"],
    places.map(({ row, position, activation }) => [row, position, activation]),
  );
}

const distance = (back: number) => back === 0 ? "the same token" : `${back} before`;

/** Returns components that the paths of several places share. @param of number of places */
export function sourcesTable(sources: readonly SharedSource[], of: number): string {
  return table(
    ["component", "where", `places of ${of}`, "mean contribution"],
    sources.map(({ name, back, places, mean }) => [asCell(name), distance(back), places, mean]),
  );
}

/** Returns the tokens that excite a feature most, with their values. */
export async function excitingTokens(
  features: FeatureModel,
  layer: number,
  feature: number,
  { count = 7, head }: { count?: number; head?: string } = {},
): Promise<string> {
  const settings = featurePathSchema.parse({ layer, feature, heads: head ? [head] : [] });
  const found = await deEmbeddings(features, settings);
  return extremes(found.at(-1)!, count).largest
    .map(({ id, value }) =>
      `${asCell(JSON.stringify(tokenText(features.tokenizer, id)))} ${withMinus(value.toFixed(2))}`
    ).join(", ");
}

/** Returns the features of an earlier layer that excite a feature on any prompt, each with its tokens. */
export async function pullbackTable(
  features: FeatureModel,
  layer: number,
  feature: number,
  from: number,
  count = 5,
): Promise<string> {
  const settings = featurePathSchema.parse({ layer, feature, from_layers: [from] });
  const [connection] = await pullbacks(features, settings);
  const rows: (string | number)[][] = [];
  for (const { id, value } of extremes(connection, count).largest) {
    rows.push([`${from}.${id}`, value, await excitingTokens(features, from, id, { count: 5 })]);
  }
  return table([`feature of layer ${from}`, "pull-back", "tokens that excite it"], rows);
}

/** Scores of a hypothesis and of its floors on held-out rows. */
export interface JudgedHypothesis {
  hypothesis: HypothesisScore;
  /** the best single token, chosen on the rows for looking */
  token: HypothesisScore;
  /** text of that token */
  tokenText: string;
  /** "it fires everywhere" */
  always: HypothesisScore;
}

/** Scores a hypothesis beside the best single token and "everywhere". */
export function judgeHypothesis(
  features: FeatureModel,
  { looking, heldOut }: { looking: readonly FeatureRow[]; heldOut: readonly FeatureRow[] },
  hypothesis: Hypothesis,
): JudgedHypothesis {
  const { text, holds } = bestToken(features, looking);
  return {
    hypothesis: scoreHypothesis(features, heldOut, hypothesis),
    token: scoreHypothesis(features, heldOut, holds),
    tokenText: text,
    always: scoreHypothesis(features, heldOut, () => true),
  };
}

/** Returns scores of hypotheses as a table. */
export function hypothesisTable(rows: readonly (readonly [string, HypothesisScore])[]): string {
  const two = (x: number) => x.toFixed(2);
  return table(
    ["hypothesis", "holds", "fires", "precision", "recall", "F1 [95 %]", "share of activation"],
    rows.map(([name, s]) => [
      name,
      s.holds,
      s.fires,
      two(s.precision),
      two(s.recall),
      `${two(s.f1[0])} [${two(s.f1[1])}, ${two(s.f1[2])}]`,
      two(s.mass),
    ]),
  );
}

/** Returns a judged hypothesis as a table. */
export const judgedTable = ({ hypothesis, token, tokenText, always }: JudgedHypothesis): string =>
  hypothesisTable([
    ["ours", hypothesis],
    [`token ${asCell(JSON.stringify(tokenText))}`, token],
    ["everywhere", always],
  ]);
