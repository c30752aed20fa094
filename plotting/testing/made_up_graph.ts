/** A made-up attribution graph for tests of its page, with tokens that no page should read as markup. */
import type { ReadGraph } from "../attribution_graph/page_graph.ts";

/** Texts that are hostile to a page. */
export const HOSTILE_TOKENS: readonly string[] = [
  "</script><script>alert(1)</script>",
  " \u202eevil\u0000\u0007",
  "<img src=x onerror=alert(2)>",
  " שלום",
  "\n",
  " " + "long".repeat(2500),
];

/** Returns a graph with causal edges from sines. @param perCell features at each layer and position */
export function madeUpGraph(
  {
    layers = 3,
    tokens = [" a", " b", " c", " d"] as readonly string[],
    perCell = 3,
    slug = "made-up",
  } = {},
): ReadGraph {
  const n = tokens.length, K = layers * n * perCell, T = 2;
  const sources = K + (layers + 1) * n,
    biases = [{ origin: "decoder", layer: 0 }, { origin: "reading" }];
  const columns = sources + biases.length;
  const features = new Int32Array(3 * K);
  for (let i = 0; i < K; i++) {
    const cell = Math.floor(i / perCell);
    features.set([Math.floor(cell / n), cell % n, 100 + 7 * i], 3 * i);
  }
  const edges = new Float32Array((K + T) * columns);
  for (let row = 0; row < K + T; row++) {
    const [layer, position] = row < K
      ? [features[3 * row], features[3 * row + 1]]
      : [layers, n - 1];
    for (let s = 0; s < columns; s++) {
      const at = s < K
        ? [features[3 * s], features[3 * s + 1]]
        : s < sources
        ? [Math.floor((s - K) / n), (s - K) % n]
        : [-1, 0];
      const token = at[0] === layers, before = token || at[0] < layer;
      const size = s < K || token ? 1 : 0.2;
      if (before && at[1] <= position) {
        edges[row * columns + s] = size * Math.sin(3 + 5 * row + 11 * s + row * s) ** 3;
      }
    }
  }
  const values = Array.from(
    { length: K + T },
    (_, row) => edges.subarray(row * columns, (row + 1) * columns).reduce((a, b) => a + b, 0),
  );
  return {
    slug,
    prompt: tokens.join("").slice(0, 200),
    about: "made-up, step 7",
    tokenTexts: [...tokens],
    graph: {
      tokens: tokens.map((_, i) => 10 + i),
      layers,
      features,
      activations: Float32Array.from({ length: K }, (_, i) => 1 + i / 8),
      targets: [
        { label: 'logit " Mary"', position: n - 1, weight: 0.6, token: 41 },
        { label: 'logit " <b>John"', position: n - 1, weight: 0.3, token: 42 },
      ],
      columns,
      edges,
    },
    biases,
    values,
    complete: true,
    thresholds: { node: 0.8, edge: 0.98 },
    details: {
      format: "circuits-over-time/attribution_graph_details/1",
      vocabulary: 50,
      heads: 2,
      logits: {
        [`${features[0]}.${features[2]}`]: {
          raised: [[" <i>up", 0.5], [" b", 0.25]],
          lowered: [["\u0000", -0.125]],
        },
      },
      splits: [{
        target: sources,
        edges: Array.from({ length: sources }, (_, source) => ({
          source,
          parts: [[0, 0.5], [3, -0.25]] as [number, number][],
          rest: 0.125,
        })),
      }],
    },
  };
}
