/** Made-up dashboards for tests of pages: features of two layers with known tokens, rules and scores. */
import type { DashboardFeature, FeatureDashboards } from "../../utils/results/mod.ts";
import type { StoredDashboards } from "../dashboards/mod.ts";

/** Token texts that break pages which treat text as markup or trust its length. */
export const HOSTILE = [
  "</script><script>window.hacked = 1</script>",
  '<img src="https://example.org/x.png" onerror="window.hacked = 1">',
  "\u202Eright to left\u0000",
  "x".repeat(10_000),
  "{{heading}} &amp; ${1}",
];

const VOCABULARY = [" the", " Mary", " gave", ".", " cat", "\n", ...HOSTILE];
const ROW = [0, 1, 2, 0, 4, 3, 5, 6, 7, 8, 9, 10];

function feature(id: number, layer: number, scores?: DashboardFeature["scores"]): DashboardFeature {
  const peak = id % ROW.length;
  const row = [layer, peak, 0, ROW.length, peak, 2.5, (peak + 1) % ROW.length, 1];
  return {
    id,
    firings: 100 + id,
    mean: 1.5,
    max: 2.5,
    histogram: { low: 0, high: 4, counts: [5, 3, 1, 0, 2] },
    top: [row],
    bands: [{ from: 0.5, to: 1, low: 1, high: 2.5, examples: [row] }],
    raised: [1, 0.5, 6, 0.25],
    lowered: [4, -0.5],
    logits: { low: -0.5, high: 0.5, counts: [1, 4, 1] },
    excited: [peak % VOCABULARY.length, 1],
    inhibited: [3, -1],
    inputs: layer > 0 ? [0, 7, 0.8] : [],
    inhibitors: [],
    heads: [0, 1, 0.3],
    similar: [1 - layer, 3, 0.9],
    ...scores && {
      entropy: 0.2,
      scores,
      rule: { predicates: [["token", ROW[peak]], ["position", 5]], precision: 0.75, recall: 0.5 },
      label: { predicates: [["next_role", "place"]], precision: 1, recall: 0.25 },
    },
  };
}

/** Returns dashboards of 2 × `count` features. Feature 3 never fired, and feature 4 has no readings. */
export function madeUpDashboards(count = 1000): StoredDashboards {
  const names = ["token", "context_free", "rule", "label"];
  const layers = [0, 1].map((layer): FeatureDashboards["layers"][number] => ({
    layer,
    input_hook: `blocks.${layer}.mlp.hook_in`,
    output_hook: `blocks.${layer}.hook_mlp_out`,
    features: Array.from({ length: count }, (_, id) => {
      if (id === 3) return { id, firings: 0, mean: 0, max: 0 };
      const score = (id % 100) / 100;
      const scores = Object.fromEntries(
        names.map((
          name,
        ): [string, [number, number, number]] => [name, [score, score - 0.1, score + 0.1]]),
      );
      return feature(id, layer, id === 4 ? undefined : scores);
    }),
    alive: count - 1,
    floor_alive: count,
    l0: 4,
    floor_l0: 4,
    summary: Object.fromEntries(
      names.map((name) => [name, {
        coder: { measured: count - 2, mean: [0.5, 0.45, 0.55] },
        floor: { measured: count, mean: [0.25, 0.2, 0.3] },
        floor_quantiles: [0.05, 0.1, 0.2, 0.3, 0.8],
      }]),
    ),
  }));
  const entry: FeatureDashboards = {
    coders_digest: "made up",
    tokens: 20_000,
    fit_tokens: 10_000,
    held_out_tokens: 10_000,
    least_firings: 8,
    scores: names,
    layers,
    rows: { 0: ROW, 1: ROW },
  };
  const header = { model: "made-up", step: 512, coders: "nowhere", vocabulary: VOCABULARY };
  return {
    path: "dashboards.json",
    format: "circuits-over-time/feature-dashboards/1",
    header,
    steps: [512],
    entries: new Map([[512, entry]]),
  };
}
