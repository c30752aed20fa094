/** The data of dashboards inside a page, and how to find a feature in it. */
import type {
  DashboardFeature,
  DashboardLayer,
  FeatureDashboards,
} from "../../../utils/results/mod.ts";

/** What a page embeds: the dashboards of one checkpoint. `pickFeatures` makes a smaller one. */
export interface DashboardData {
  /** name of the model */
  model: string;
  /** training step */
  step: number;
  /** text of each token */
  vocabulary: readonly string[];
  /** the dashboards */
  dashboards: FeatureDashboards;
}

/** Names a feature. */
export interface FeatureName {
  layer: number;
  id: number;
}

/** A feature with its layer. */
export interface FoundFeature {
  layer: DashboardLayer;
  feature: DashboardFeature;
}

const indices = new WeakMap<DashboardData, Map<string, FoundFeature>>();

/** Returns a feature; undefined where the data does not have it. */
export function findFeature(
  data: DashboardData,
  { layer, id }: FeatureName,
): FoundFeature | undefined {
  let index = indices.get(data);
  if (!index) {
    index = new Map();
    for (const each of data.dashboards.layers) {
      for (const feature of each.features) {
        index.set(`${each.layer}.${feature.id}`, { layer: each, feature });
      }
    }
    indices.set(data, index);
  }
  return index.get(`${layer}.${id}`);
}

/** Names of readings as people read them, with what each says. */
export const READINGS: Readonly<Record<string, { name: string; note: string }>> = {
  rule: {
    name: "best rule",
    note: "F1 of the rule for firing, found on one half of the text and measured on the other",
  },
  label: {
    name: "generator’s labels",
    note: "F1 of the best rule about what the text’s generator says of the tokens",
  },
  token: {
    name: "current token",
    note: "share of the entropy of firing that the current token tells, held out",
  },
  previous: {
    name: "previous token",
    note: "share of the entropy of firing that the token before tells, held out",
  },
  bigram: {
    name: "both tokens",
    note:
      "share of the entropy of firing that the current and the previous token together tell, held out",
  },
  position: {
    name: "position",
    note: "share of the entropy of firing that the position in the row tells, held out",
  },
  document: {
    name: "place in document",
    note: "share of the entropy of firing that the position in the document tells, held out",
  },
  context_free: {
    name: "context-free share",
    note: "share of the activation’s variance that the current token alone explains, held out",
  },
};

/** Order in which readings are shown. */
export const READING_ORDER = Object.keys(READINGS);

/** Longest token text that is shown in full. */
const LONGEST = 40;

/**
 * Returns the text of a token as it is shown: line breaks, tabs and other control characters as symbols, long text cut.
 */
export function shownToken(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
  return cut.replace(/\p{Cc}/gu, (c) => {
    if (c === "\n") return "⏎";
    if (c === "\t") return "⇥";
    const code = c.charCodeAt(0);
    return code < 32 ? String.fromCharCode(0x2400 + code) : "␡";
  });
}

/** Returns the text of a token of the vocabulary, as it is. */
export function tokenText({ vocabulary }: Pick<DashboardData, "vocabulary">, id: number): string {
  return vocabulary[id] ?? `<${id}>`;
}
