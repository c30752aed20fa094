import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type GraphData, nodeCount } from "./graph_data.ts";
import { groupEdges, profileGroups } from "./groups.ts";
import { graphScores, influence } from "./influence.ts";
import { type PlacedGraph, randomSubgraphScores, subgraphScores } from "./subgraph.ts";

/** 2 layers, 3 positions, 2 features at each place, 2 targets, 1 bias; edges from sin, causal. */
function made(): PlacedGraph {
  const layers = 2, n = 3, K = 12, T = 2, sources = K + (layers + 1) * n, columns = sources + 1;
  const features = new Int32Array(3 * K);
  for (let i = 0; i < K; i++) {
    features.set([Math.floor(i / 6), Math.floor(i / 2) % 3, 5 * i], 3 * i);
  }
  const edges = new Float32Array((K + T) * columns);
  for (let row = 0; row < K + T; row++) {
    for (let s = 0; s < columns; s++) {
      const layer = row < K ? features[3 * row] : layers, at = row < K ? features[3 * row + 1] : 2;
      const place = s < K
        ? [features[3 * s], features[3 * s + 1]]
        : [Math.floor((s - K) / n), (s - K) % n];
      const before = s >= sources || place[1] <= at && (place[0] === layers || place[0] < layer);
      if (before) edges[row * columns + s] = Math.sin(7 * row + 3 * s + row * s);
    }
  }
  return {
    tokens: [0, 1, 2],
    layers,
    features,
    activations: new Float32Array(K),
    targets: [{ weight: 0.7 }, { weight: 0.2 }],
    columns,
    edges,
  };
}

/** Scores from dense matrices and the power series. */
function dense(graph: PlacedGraph, inside: (i: number) => boolean) {
  const K = 12, n = 3, N = nodeCount(graph), sources = N - 2;
  const A = Array.from({ length: N }, (_, t) => {
    const row = t < K ? t : t >= sources ? K + t - sources : -1;
    return Array.from(
      { length: N },
      (_, s) => row < 0 || s >= sources ? 0 : graph.edges[row * graph.columns + s],
    );
  });
  for (let f = 0; f < K; f++) {
    if (inside(f)) continue;
    const error = K + graph.features[3 * f] * n + graph.features[3 * f + 1];
    for (const row of A) [row[error], row[f]] = [row[error] + row[f], 0];
    A[f].fill(0);
  }
  const hat = A.map((row) => {
    const sum = row.reduce((a, x) => a + Math.abs(x), 0);
    return row.map((x) => sum === 0 ? 0 : Math.abs(x) / sum);
  });
  const w: number[] = Array.from(
    { length: N },
    (_, i) => i === N - 2 ? 0.7 : i === N - 1 ? 0.2 : 0,
  );
  let power: number[] = w;
  const B = new Array<number>(N).fill(0);
  for (let k = 0; k < 10; k++) {
    power = hat[0].map((_, s) => power.reduce((sum, p, t) => sum + p * hat[t][s], 0));
    power.forEach((p, i) => B[i] += p);
  }
  const sum = (list: number[], from: number, to: number) =>
    list.slice(from, to).reduce((a, b) => a + b, 0);
  const tokens = sum(B, K + 6, K + 9), errors = sum(B, K, K + 6);
  const out = B.map((b, i) => b + w[i]), all = out.reduce((a, b) => a + b, 0);
  return {
    replacement: tokens / (tokens + errors),
    completeness: out.reduce((a, o, t) => a + (1 - sum(hat[t], K, K + 6)) * o, 0) / all,
  };
}

Deno.test("scores of a part are those of the dense graph with the other features added to the errors", () => {
  const graph = made();
  for (
    const keep of [() => true, () => false, (i: number) => i % 3 !== 0, (i: number) => i === 7]
  ) {
    const found = subgraphScores(graph, Array.from({ length: 12 }, (_, i) => Number(keep(i))));
    const expected = dense(graph, keep);
    assertAlmostEquals(found.replacement, expected.replacement, 1e-12);
    assertAlmostEquals(found.completeness, expected.completeness, 1e-12);
  }
  const whole = graphScores(graph), all = subgraphScores(graph, new Uint8Array(12).fill(1));
  assertAlmostEquals(all.replacement, whole.replacement, 1e-12);
  assertAlmostEquals(all.completeness, whole.completeness, 1e-12);
});

Deno.test("parts at random have the scores of all or none at the ends, and the mean of single ones at one", () => {
  const graph = made();
  const ends = [randomSubgraphScores(graph, 0, 3), randomSubgraphScores(graph, 12, 3)];
  assertAlmostEquals(ends[0].replacement, dense(graph, () => false).replacement, 1e-12);
  assertAlmostEquals(ends[1].completeness, graphScores(graph).completeness, 1e-12);
  const singles = Array.from({ length: 12 }, (_, k) => dense(graph, (i) => i === k).completeness);
  const mean = singles.reduce((a, b) => a + b, 0) / 12;
  assertAlmostEquals(randomSubgraphScores(graph, 1, 5000).completeness, mean, 0.003);
  assertEquals(randomSubgraphScores(graph, 4), randomSubgraphScores(graph, 4));
});

Deno.test("edges between groups are weighted means of members' shares of input", () => {
  const graph = made(), B = influence(graph), sources = nodeCount(graph) - 2;
  const share = (t: number, s: number) => {
    const row = t < 12 ? t : 12 + t - sources, at = row * graph.columns;
    const size = Array.from(graph.edges.subarray(at, at + sources)).reduce(
      (a, x) => a + Math.abs(x),
      0,
    );
    return graph.edges[at + s] / size;
  };
  const groups = [[6, 9], [0, 1, 18], [sources]];
  const edges = groupEdges(graph, groups, B);
  const of = (target: number, source: number) =>
    edges.find((e) => e.target === target && e.source === source)?.share ?? 0;
  const weights = [B[6] / (B[6] + B[9]), B[9] / (B[6] + B[9])];
  const expected = [6, 9].reduce(
    (sum, t, i) => sum + weights[i] * (share(t, 0) + share(t, 1) + share(t, 18)),
    0,
  );
  assertAlmostEquals(of(0, 1), expected, 1e-9);
  assertAlmostEquals(of(2, 0), share(sources, 6) + share(sources, 9), 1e-9);
  assertEquals(edges.filter(({ target, source }) => target === source || target === 1), []);
});

Deno.test("features with the same inputs and outputs are grouped first", () => {
  const graph: GraphData = made(), { columns, edges } = graph;
  // Feature 9 becomes a copy of 6, twice as large, that gives the same, three times as large.
  for (let s = 0; s < columns; s++) edges[9 * columns + s] = 2 * edges[6 * columns + s];
  for (let row = 0; row < 14; row++) edges[row * columns + 9] = 3 * edges[row * columns + 6];
  const nodes = [0, 2, 3, 6, 8, 9];
  const { groups, within, between } = profileGroups(graph, nodes, 5, influence(graph));
  assertEquals(groups.filter((group) => group.length > 1), [[6, 9]]);
  assertAlmostEquals(within!, 1, 1e-6);
  assert(between! < 0.6);
  const one = profileGroups(graph, nodes, 1, influence(graph));
  assertEquals(one.groups, [nodes]);
  assertAlmostEquals(one.within!, one.between!, 1e-12);
  assertEquals(profileGroups(graph, [4], 3, influence(graph)), {
    groups: [[4]],
    within: undefined,
    between: undefined,
  });
});
