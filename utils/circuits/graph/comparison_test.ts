import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { CircuitEdge } from "../../results/kinds/circuit_summary.ts";
import {
  changesToPrevious,
  changesToReference,
  edgeChanges,
  edgeJaccard,
  maskJaccard,
  nodeJaccard,
  scoreChanges,
  scoredEdges,
  weightedEdgeChanges,
  weightedJaccard,
} from "./comparison.ts";

const A = new Map([["input->m0", 1], ["m0->a1.h0<q>", -2], ["a1.h0->logits", 1]]);
const B = new Map([["input->m0", 3], ["a1.h0->logits", -0.5], ["m0->logits", 0.5]]);

Deno.test("edgeChanges() counts and weightedEdgeChanges() adds up what comes and goes", () => {
  assertEquals(edgeChanges(A, B), { additions: 1, deletions: 1, total: 2 });
  assertEquals(weightedEdgeChanges(A, B), { additions: 0.5, deletions: -2, total: -1.5 });
  assertEquals(edgeChanges(new Map(), B), { additions: 3, deletions: 0, total: 3 });
});

Deno.test("scoreChanges() adds up the rises and falls of the edges in both", () => {
  assertEquals(scoreChanges(A, B), { increases: 2, decreases: 1.5, absolute: 3.5 });
});

Deno.test("edgeJaccard() and nodeJaccard() are shares of the union", () => {
  assertEquals(edgeJaccard(A, B), 2 / 4);
  assertEquals(nodeJaccard(A, B), 1); // input, m0, a1.h0, logits in both
  assertEquals(nodeJaccard(new Map([["input->m0", 1]]), new Map([["input->logits", 1]])), 1 / 3);
  assertEquals(edgeJaccard(new Map(), new Map()), 0);
});

Deno.test("weightedJaccard() compares shares of the absolute score", () => {
  // shares of A: 1/4, 2/4, 1/4; of B: 3/4, 1/8, 1/8
  assertAlmostEquals(
    weightedJaccard(A, B),
    (1 / 4 + 1 / 8) / (3 / 4 + 2 / 4 + 1 / 4 + 1 / 8),
    1e-12,
  );
  assertAlmostEquals(weightedJaccard(A, new Map([...A].map(([e, s]) => [e, -7 * s]))), 1, 1e-12);
  assertEquals(weightedJaccard(new Map(), new Map()), 0);
  assertEquals(weightedJaccard(new Map([["input->m0", 0]]), new Map()), 0);
});

Deno.test("maskJaccard() is the shared part of the union, and 1 for two empty masks", () => {
  assertEquals(maskJaccard(Uint8Array.of(1, 1, 0, 0), Uint8Array.of(0, 1, 1, 0)), 1 / 3);
  assertEquals(maskJaccard(Uint8Array.of(1, 0), Uint8Array.of(0, 1)), 0);
  assertEquals(maskJaccard(new Uint8Array(3), new Uint8Array(3)), 1);
});

const edge = (source: string, target: string, letter: CircuitEdge["letter"], score: number) => ({
  source,
  target,
  letter,
  score,
});
const CHECKPOINTS = [
  { step: 8, circuit: [edge("input", "logits", null, 2)] },
  { step: 1, circuit: [edge("input", "m0", null, 1), edge("m0", "logits", null, 1)] },
  { step: 4, circuit: [edge("input", "logits", null, 1), edge("input", "a0.h0", "v", 1)] },
];

Deno.test("scoredEdges() spells edges as EAP-IG does", () => {
  assertEquals([...scoredEdges(CHECKPOINTS[2].circuit)], [["input->logits", 1], [
    "input->a0.h0<v>",
    1,
  ]]);
});

Deno.test("changesToPrevious() orders the steps and averages the change", () => {
  assertEquals(changesToPrevious(CHECKPOINTS), [
    {
      from: 1,
      to: 4,
      additions: 2,
      deletions: 2,
      edgeJaccard: 0,
      nodeJaccard: 0.5,
      weightedJaccard: 0,
      ewma: 0.5,
    },
    {
      from: 4,
      to: 8,
      additions: 0,
      deletions: 1,
      edgeJaccard: 0.5,
      nodeJaccard: 2 / 3,
      weightedJaccard: 0.5 / 1.5,
      ewma: 0.5 * (1 - 0.5 / 1.5) + 0.25,
    },
  ]);
  assertEquals(changesToPrevious([]), []);
});

Deno.test("changesToReference() compares every checkpoint with one, by default the last", () => {
  const changes = changesToReference(CHECKPOINTS);
  assertEquals(changes.map(({ from, to, edgeJaccard }) => [from, to, edgeJaccard]), [
    [1, 8, 0],
    [4, 8, 0.5],
    [8, 8, 1],
  ]);
  assertEquals(changesToReference(CHECKPOINTS, 1).map((c) => c.to), [1, 1, 1]);
  assertEquals(changesToReference([]), []);
  assertThrows(() => changesToReference(CHECKPOINTS, 5), Error, "found steps 1, 4, 8");
});
