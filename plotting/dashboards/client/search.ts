/**
 * The search of features. Words are joined by "and"; quotes keep spaces:
 *
 *     mary             a top example's peak token, a raised logit or a rule has the text
 *     2.17             the feature of this name
 *     token:mary       a top example's peak token has the text
 *     logit:house      a raised logit has the text
 *     rule:position    the best rule, or that about labels, has the text
 *     rule>0.8         the reading is larger; also context_free, token, previous, bigram, position, document, label, firings, max
 *     rule>floor       it is larger than 95 % of the random coder's
 */
import { peakTokens } from "./feature_card.ts";
import { type DashboardData, type FoundFeature, tokenText } from "./dashboard_data.ts";
import { ruleText } from "./rules.ts";

/** A feature of the list with its searchable text. */
export interface ListedFeature extends FoundFeature {
  /** place in the list of all features */
  place: number;
  name: string;
  /** peak tokens, the most frequent first */
  tokens: string[];
  /** best rule in words, and that about labels; empty without one */
  rule: string;
  label: string;
  /** lower-case texts that search looks at */
  text: { token: string; logit: string; rule: string };
}

/** Returns every feature of the data, in the order of layers and numbers. */
export function listFeatures(data: DashboardData): ListedFeature[] {
  let place = 0;
  return data.dashboards.layers.flatMap((layer) =>
    layer.features.map((feature): ListedFeature => {
      const tokens = peakTokens(data, { layer, feature });
      const [rule, label] = [feature.rule, feature.label]
        .map((each) => each ? ruleText(data, each) : "");
      const logits = (feature.raised ?? []).filter((_, i) => i % 2 === 0)
        .map((id) => tokenText(data, id));
      return {
        layer,
        feature,
        place: place++,
        name: `${layer.layer}.${feature.id}`,
        tokens,
        rule,
        label,
        text: {
          token: tokens.join("\u0001").toLowerCase(),
          logit: logits.join("\u0001").toLowerCase(),
          rule: `${rule}\u0001${label}`.toLowerCase(),
        },
      };
    })
  );
}

/** What features can be sorted and compared by: readings, and these. */
export const COUNTS = ["firings", "max", "mean"] as const;

/** How far the best rule's F1 is above that of 95 % of the random coder's features in the layer. */
export const BEYOND = "beyond_random";

/** Returns a feature's value of a reading or a count; null where it has none. */
export function valueOf(found: FoundFeature, key: string): number | null {
  const { feature } = found;
  if (key === BEYOND) {
    const [rule, floor] = [valueOf(found, "rule"), floorOf(found, "rule")];
    return rule === null || floor === null ? null : rule - floor;
  }
  if (key === "firings" || key === "max" || key === "mean") return feature[key];
  return feature.scores?.[key]?.[0] ?? null;
}

/** Returns the value that 95 % of the random coder's features of a layer stay below; null without a floor. */
export function floorOf({ layer }: FoundFeature, key: string): number | null {
  return layer.summary[key]?.floor_quantiles[4] ?? null;
}

type Test = (listed: ListedFeature) => boolean;

/** Returns a query's words; quotes keep spaces. */
export function wordsOf(query: string): string[] {
  return [...query.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map(([word]) => word.replaceAll('"', ""))
    .filter((word) => word !== "");
}

/** Returns whether a feature matches a query; undefined for an empty query, which all match. */
export function queryTest(query: string, keys: readonly string[]): Test | undefined {
  const known = [...keys, ...COUNTS, BEYOND];
  const tests = wordsOf(query.toLowerCase()).map((word): Test => {
    const compared = /^([a-z_]+)([<>])(.+)$/.exec(word);
    if (compared && known.includes(compared[1])) {
      const [, key, sign, limit] = compared;
      return (listed) => {
        const value = valueOf(listed, key),
          than = limit === "floor" ? floorOf(listed, key) : Number(limit);
        return value !== null && than !== null && (sign === ">" ? value > than : value < than);
      };
    }
    const part = /^(token|logit|rule):(.*)$/.exec(word);
    if (part) {
      const where = part[1] as keyof ListedFeature["text"];
      return ({ text }) => text[where].includes(part[2]);
    }
    if (/^\d+\.\d*$/.test(word)) return ({ name }) => name.startsWith(word);
    return ({ text }) => Object.values(text).some((each) => each.includes(word));
  });
  return tests.length === 0 ? undefined : (listed) => tests.every((test) => test(listed));
}

/** Returns features in the order of a key, the largest first; those without a value last. */
export function sorted(
  features: readonly ListedFeature[],
  key: string,
  ascending: boolean,
): ListedFeature[] {
  if (key === "name") return ascending ? [...features].reverse() : [...features];
  const sign = ascending ? -1 : 1;
  return features.map((listed) => ({ listed, value: valueOf(listed, key) })).sort((a, b) => {
    if (a.value === null || b.value === null) {
      return Number(a.value === null) - Number(b.value === null);
    }
    return sign * (b.value - a.value);
  }).map(({ listed }) => listed);
}
