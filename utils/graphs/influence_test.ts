import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { GraphData } from "./graph_data.ts";
import {
  cumulativeShares,
  cutValue,
  graphScores,
  influence,
  pruneAt,
  pruneGraph,
} from "./influence.ts";

/**
 * The graph of circuit-tracer's unit test: 2 layers, 2 tokens, features 0 … 4, errors 5 … 8, tokens 9 and 10, target 11; all
 * edges are 10. A bias column with large edges must not count.
 */
function fixture(): GraphData {
  const columns = 12, edges = new Float32Array(6 * columns);
  const rows: [number, number[]][] = [[5, [1, 3, 6, 8]], [3, [0, 1, 6]], [1, [9, 10]], [0, [9]]];
  for (const [row, sources] of rows) for (const s of sources) edges[row * columns + s] = 10;
  for (let row = 0; row < 6; row++) edges[row * columns + 11] = 1000;
  return {
    tokens: [0, 1],
    layers: 2,
    activations: new Float32Array(5),
    targets: [{ weight: 1 }],
    columns,
    edges,
  };
}

const close = (found: ArrayLike<number>, expected: number[]) => {
  assertEquals(found.length, expected.length);
  expected.forEach((x, i) => assertAlmostEquals(found[i], x, 1e-12));
};

Deno.test("influence is that of circuit-tracer's fixture", () => {
  const expected = [1 / 12, 1 / 3, 0, 1 / 4, 0, 0, 1 / 3, 0, 1 / 4, 1 / 4, 1 / 6, 0];
  close(influence(fixture()), expected);
});

Deno.test("influence is the power series, for signed edges and two targets", () => {
  const graph = fixture();
  graph.targets = [...graph.targets, { ...graph.targets[0], weight: 0.3 }];
  const { columns } = graph, sources = 11, N = 13;
  graph.edges = new Float32Array(7 * columns);
  // every row of features takes from lower features, errors and tokens
  for (let r = 0; r < 7; r++) {
    for (let s = 0; s < sources; s++) {
      if (r < 5 && s >= r && s < 5) continue;
      graph.edges[r * columns + s] = Math.sin(7 * r + 3 * s);
    }
  }
  const dense = Array.from({ length: N }, (_, t) => {
    const row = t < 5 ? t : t >= 11 ? t - 6 : -1;
    const values = Array.from(
      { length: N },
      (_, s) => row < 0 || s >= sources ? 0 : Math.abs(graph.edges[row * columns + s]),
    );
    const sum = values.reduce((a, b) => a + b, 0);
    return values.map((v) => sum === 0 ? 0 : v / sum);
  });
  let power: number[] = Array.from({ length: N }, (_, i) => i === 11 ? 1 : i === 12 ? 0.3 : 0);
  const total = new Array<number>(N).fill(0);
  for (let k = 0; k < 20; k++) {
    power = power.map((_, s) => power.reduce((sum, x, t) => sum + x * dense[t][s], 0));
    power.forEach((x, s) => total[s] += x);
  }
  close(influence(graph), total);
});

Deno.test("pruning drops node 0 of the fixture, its edges, and what has none left", () => {
  const { nodes, edges, shares } = pruneGraph(fixture(), { nodeThreshold: 0.8, edgeThreshold: 1 });
  assertEquals([...nodes], [0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1]);
  const pairs = Array.from(
    { length: edges.length / 2 },
    (_, i) => [edges[2 * i], edges[2 * i + 1]],
  );
  assertEquals(pairs, [[1, 9], [1, 10], [3, 1], [3, 6], [11, 1], [11, 3], [11, 6], [11, 8]]);
  close(shares.subarray(1, 2), [0.2]);
  // The edge scores are 1/4 (four), 3/16 (two), 1/8 (two), 1.625 together: three quarters of it end with 3/16.
  const strongest = pruneGraph(fixture(), { nodeThreshold: 0.8, edgeThreshold: 0.8 }).edges;
  assertEquals([...strongest], [1, 9, 1, 10, 11, 1, 11, 6, 11, 8]);
});

Deno.test("scores are the shares of tokens and errors", () => {
  const { replacement, completeness } = graphScores(fixture());
  assertAlmostEquals(replacement, (5 / 12) / (5 / 12 + 7 / 12), 1e-12);
  // Rows with errors: 2 of 4 into the target (weight 1), 1 of 3 into feature 3 (influence 1/4); 32/12 in all.
  assertAlmostEquals(completeness, 1 - (0.5 + 1 / 12) / (1 + 20 / 12), 1e-12);
});

Deno.test("shares are cumulative from the largest influence on", () => {
  close(cumulativeShares(Float64Array.of(1, 5, 0, 4)), [1, 0.5, 1, 0.9]);
});

Deno.test("a threshold outside 0 … 1 is refused by name", () => {
  assertThrows(() => pruneGraph(fixture(), { edgeThreshold: 1.5 }), RangeError, "edgeThreshold");
});

Deno.test("pruning at a cut needs none of the nodes below it", () => {
  const whole = fixture();
  const { columns } = whole, K = 5;
  for (let r = 0; r < 6; r++) {
    for (let s = 0; s < 11; s++) {
      if (r < K && s >= r && s < K) continue;
      whole.edges[r * columns + s] = Math.sin(7 * r + 3 * s);
    }
  }
  const all = influence(whole), cut = cutValue(all, 0.7);
  const kept = [0, 1, 2, 3, 4].filter((i) => all[i] >= cut);
  assert(kept.length > 0 && kept.length < K);
  const keeps = (s: number) => s >= K || kept.includes(s);
  const numbers = Array.from({ length: 12 }, (_, s) => s).filter(keeps);
  const rows = [...kept, 5];
  const part: GraphData = {
    ...whole,
    activations: { length: kept.length },
    columns: numbers.length,
    edges: Float32Array.from(rows.flatMap((r) => numbers.map((s) => whole.edges[r * columns + s]))),
  };
  const found = pruneAt(part, Float64Array.from(numbers, (node) => all[node]), cut, 0.9);
  const expected = pruneGraph(whole, { nodeThreshold: 0.7, edgeThreshold: 0.9 });
  assertEquals(Array.from(found.edges, (node) => numbers[node]), Array.from(expected.edges));
  assertEquals(Array.from(found.nodes), numbers.map((node) => expected.nodes[node]));
  assert(found.edges.length > 4);
});
