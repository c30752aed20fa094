import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { uniform } from "../../../tests/support/random_model.ts";
import { appearance, meansOf } from "./appearance.ts";
import { type CircuitAt, growthOf, type PlacedFeature } from "./growth.ts";
import { edgeLags } from "./lags.ts";
import { overlapOf, rewiringOf } from "./rewiring.ts";

const T = 12, PROMPTS = 20;
const STEPS = Array.from({ length: T }, (_, t) => 100 * 2 ** t);
const OPTIONS = { resamples: 200, seed: 1 };

/** A quantity that is near 0 before a checkpoint and near 1 from then on. */
function risingAt(at: number, next: () => number): number[][] {
  return Array.from(
    { length: T },
    (_, t) => Array.from({ length: PROMPTS }, () => Number(t >= at) + 0.1 * next()),
  );
}

Deno.test("appearance() is the first value that reaches half of the largest", () => {
  assertEquals(appearance([0, 0.1, 0.5, 0.9, 0.4, 1]), 2);
  assertEquals(appearance([0, 0.1, 0.5, 0.9, 0.4, 1], 0.95), 5);
  assertEquals(appearance([0, -1, 0]), undefined);
  assertEquals([...meansOf([[1, 3], [5, 7]], [1, 1])], [3, 7]);
});

Deno.test("edgeLags() reads known formation times back", () => {
  const next = uniform(2);
  const births = [2, 5, 3, 7];
  const features = births.map((at) => risingAt(at, next));
  const made = [[0, 1, 8], [2, 3, 7], [0, 2, 5], [1, 3, 9]];
  const edges = made.map(([source, target, at]) => ({
    source,
    target,
    series: risingAt(at, next),
  }));
  const found = edgeLags(STEPS, features, edges, OPTIONS)!;
  assertEquals(
    found.edges.map((edge) => [edge!.source, edge!.target, edge!.edge, edge!.lag]),
    made.map(([s, t, at]) => [births[s], births[t], at, at - Math.max(births[s], births[t])]),
  );
  assertEquals(found.checkpoints.mean, (3 + 0 + 2 + 2) / 4);
  const inSteps = made.map(([s, t, at]) => STEPS[at] - STEPS[Math.max(births[s], births[t])]);
  assertEquals(found.steps.mean, inSteps.reduce((a, b) => a + b) / 4);
  assertEquals([found.last.mean, found.together.mean], [0.75, 0.25]);
  for (const { interval: [low, high], lag } of found.edges.map((edge) => edge!)) {
    assert(low <= lag && lag <= high && high - low <= 1, `${low} ${lag} ${high}`);
  }
});

Deno.test("edgeLags() tells edges that come last from independent ones by circular shifts", () => {
  const next = uniform(4);
  const n = 40, at = () => Math.floor((next() + 1) / 2 * 4);
  const births = Array.from({ length: n }, at);
  const features = births.map((b) => risingAt(b, next));
  const of = (when: (s: number, t: number) => number) =>
    edgeLags(
      STEPS,
      features,
      Array.from({ length: 30 }, (_, i) => {
        const [source, target] = [i, i + 7];
        return { source, target, series: risingAt(when(births[source], births[target]), next) };
      }),
      OPTIONS,
    )!;
  const last = of((s, t) => Math.max(s, t) + 6);
  assert(last.null.p < 0.02 && last.checkpoints.mean === 6, `${last.null.p}`);
  assert(last.null.interval[0] < last.null.mean && last.null.mean < last.null.interval[1]);
  assert(last.null.interval[1] < 6);
});

Deno.test("edgeLags() leaves out edges that never appear", () => {
  const next = uniform(6);
  const features = [risingAt(1, next), risingAt(2, next)];
  const silent = STEPS.map(() => new Array(PROMPTS).fill(0));
  const edges = [{ source: 0, target: 1, series: silent }];
  assertEquals(edgeLags(STEPS, features, edges, OPTIONS), undefined);
  const both = [...edges, { source: 0, target: 1, series: risingAt(4, next) }];
  const found = edgeLags(STEPS, features, both, OPTIONS)!;
  assertEquals([found.count, found.edges[0], found.edges[1]!.lag], [1, null, 2]);
});

Deno.test("overlapOf() is the weighted Jaccard similarity of inputs of the same sign", () => {
  const of = (list: [string, number][]) => new Map(list);
  assertEquals(overlapOf(of([["a", 0.4], ["b", -0.2]]), of([["a", 0.4], ["b", -0.2]])), 1);
  assertAlmostEquals(overlapOf(of([["a", 0.4]]), of([["a", 0.1]])), 0.25);
  assertEquals(overlapOf(of([["a", 0.4]]), of([["a", -0.4]])), 0);
  assertEquals(overlapOf(of([["a", 0.4]]), of([["b", 0.4]])), 0);
});

Deno.test("rewiringOf() finds what an unchanged, a rewired and another feature have in common", () => {
  const same = (share: number) => new Array(PROMPTS).fill(share);
  const inputs = (list: [string, number][]) =>
    new Map(list.map(([name, share]) => [name, same(share)]));
  const target = (group: string, before: [string, number][], after: [string, number][]) => ({
    group,
    before: inputs(before),
    after: inputs(after),
    kept: new Set(["a", "b", "c"]),
  });
  const stays: [string, number][] = [["a", 0.5], ["b", 0.3]];
  const { overlap, ceiling, floor, fromKept, features } = rewiringOf(
    [
      target("0/A", stays, stays),
      target("0/A", [["a", 0.4], ["c", 0.4]], [["c", 0.4], ["new", 0.2]]),
    ],
    PROMPTS,
    OPTIONS,
  )!;
  assertEquals(features, 2);
  // the second feature keeps 0.4 of 0.4 + 0.4 + 0.2
  assertAlmostEquals(overlap.mean, (1 + 0.4) / 2);
  assertAlmostEquals(ceiling, 1);
  // {a, b} with {c, new} and {a 0.4, c} with {a 0.5, b}: 0.4 of 0.5 + 0.3 + 0.4
  assertAlmostEquals(floor, (0 + 0.4 / 1.2) / 2);
  // a loses 0.4, the unknown source brings 0.2
  assertAlmostEquals(fromKept.mean, 0.4 / 0.6);
  assertEquals(rewiringOf([], PROMPTS, OPTIONS), undefined);
});

Deno.test("growthOf() sorts the edges of a circuit by what was there before", () => {
  const at = (layer: number, feature: number): PlacedFeature => ({ layer, role: "A", feature });
  const share = new Array(PROMPTS).fill(0.3);
  // before: features 0.1, 1.2 with an edge, and 1.3 without one; after: numbers have moved by ten
  const before: CircuitAt = {
    nodes: [at(0, 1), at(1, 2), at(1, 3)],
    edges: [{ source: at(0, 1), target: at(1, 2), shares: share }],
  };
  const after: CircuitAt = {
    nodes: [],
    edges: [
      { source: at(0, 11), target: at(1, 12), shares: share }, // kept
      { source: at(0, 11), target: at(1, 13), shares: share }, // rewired
      { source: at(0, 11), target: null, shares: share }, // rewired: no edge to the metric before
      { source: at(0, 14), target: at(1, 12), shares: share }, // recruited: 0.4 was outside
      { source: at(0, 19), target: at(1, 12), shares: share }, // new source
      { source: at(0, 11), target: at(1, 19), shares: share }, // new target
      { source: at(0, 11), target: at(1, 12), shares: new Array(PROMPTS).fill(0.001) }, // too small
    ],
  };
  const layers = [
    { kept: [[1, 11, 1], [4, 14, 1]] as [number, number, number][], born: [19] },
    { kept: [[2, 12, 1], [3, 13, 1]] as [number, number, number][], born: [19] },
  ];
  const options = { smallest: 0.01, ...OPTIONS };
  const { counts, refinement, nullRefinement } = growthOf(before, after, layers, options);
  assertEquals(counts, { kept: 1, rewired: 2, recruited: 1, new_feature: 2 });
  assertEquals(refinement!.mean, 3 / 5);
  assertEquals(refinement!.interval, [3 / 5, 3 / 5]);
  assert(nullRefinement!.mean > 0 && nullRefinement!.mean < 1);
  const unchanged = growthOf(before, before, [
    { kept: [[1, 1, 1]], born: [] },
    { kept: [[2, 2, 1], [3, 3, 1]], born: [] },
  ], options);
  assertEquals(unchanged.counts.kept, 1);
  assertEquals(unchanged.refinement, undefined);
});
