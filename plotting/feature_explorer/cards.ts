/**
 * Chooses what the page embeds of dashboards: of each checkpoint's coders, the features that are in a circuit of a run at any
 * checkpoint. Examples from quantile bands are left out, and so are all but the first top examples, so that the page stays small.
 */
import { dashboardData, pickFeatures, type StoredDashboards } from "../dashboards/mod.ts";
import type { FeatureName } from "../dashboards/client/mod.ts";
import { cardsId } from "./client/through_time/feature_cards.ts";
import type { CheckpointCards, FeatureRun } from "./page_data.ts";

/** Top examples of a feature at a checkpoint. */
const EXAMPLES = 5;

/** Returns what the page embeds, by id: dashboards of each coder digest, and the texts of tokens. Empty if no coders match. */
export function pickCards(
  runs: readonly FeatureRun[],
  dashboards: readonly StoredDashboards[],
): Record<string, CheckpointCards | readonly string[]> {
  const wanted = new Map<string, FeatureName[]>();
  for (const { checkpoints, slots } of runs) {
    checkpoints.forEach(({ coders }, t) => {
      const names = wanted.get(coders) ?? [];
      wanted.set(coders, names);
      for (const { layer, numbers } of slots) {
        const id = numbers?.[t];
        if (id !== null && id !== undefined) names.push({ layer, id });
      }
    });
  }
  const elements: Record<string, CheckpointCards | readonly string[]> = {};
  const words = new Map<string, string>();
  for (const stored of dashboards) {
    const digest = stored.entries.get(stored.header.step)?.coders_digest ?? "";
    const names = wanted.get(digest), id = cardsId(digest);
    if (!names || id in elements) continue;
    const { vocabulary, ...picked } = pickFeatures(withoutBands(dashboardData(stored)), names);
    const text = JSON.stringify(vocabulary);
    if (!words.has(text)) {
      words.set(text, `words-${words.size}`);
      elements[words.get(text)!] = vocabulary;
    }
    elements[id] = { ...picked, words: words.get(text)! };
  }
  return elements;
}

function withoutBands(data: ReturnType<typeof dashboardData>): ReturnType<typeof dashboardData> {
  const layers = data.dashboards.layers.map((layer) => ({
    ...layer,
    features: layer.features.map(({ bands: _, top, ...feature }) => ({
      ...feature,
      ...(top && { top: top.slice(0, EXAMPLES) }),
    })),
  }));
  return { ...data, dashboards: { ...data.dashboards, layers } };
}
