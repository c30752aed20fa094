import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { edgeCount, edgesInOrder } from "../graph/graph.ts";
import { countEdges } from "../graph/circuit_mask.ts";
import { pruneCircuit } from "../graph/pruning.ts";
import { randomOrder, randomScores } from "./random_circuit.ts";
import { maskOf } from "./selection.ts";

const SHAPE = { nLayers: 6, nHeads: 8, parallel: true };

Deno.test("randomScores() are uniform, and the same only for the same seed", () => {
  const scores = randomScores(SHAPE, 3);
  assertEquals(scores, randomScores(SHAPE, 3));
  assertNotEquals(scores, randomScores(SHAPE, 4));
  const drawn = [...edgesInOrder(SHAPE)].map((cell) => scores[cell]);
  const mean = drawn.reduce((a, b) => a + b) / drawn.length;
  assertAlmostEquals(mean, 0.5, 4 * Math.sqrt(1 / 12 / drawn.length));
  assertEquals(new Set(drawn).size, drawn.length);
});

Deno.test("randomOrder() has circuits of every size, and most edges survive pruning", () => {
  const order = randomOrder(SHAPE, 1);
  assertEquals(order.length, edgeCount(SHAPE));
  for (const n of [100, 400, 1600]) {
    const mask = maskOf(SHAPE, order, n);
    assertEquals(countEdges(mask), n);
    const left = countEdges(pruneCircuit(SHAPE, mask));
    assert(left > 0.5 * n, `${left} of ${n} edges left`);
  }
  assertEquals(randomOrder(SHAPE, 1, 50), order.slice(0, 50));
});
