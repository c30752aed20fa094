import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { edgeCount, nBackward, nForward, ownerIndex, realEdgeMask } from "../graph/graph.ts";
import {
  circuitOfNeurons,
  circuitOfNodes,
  thresholdElements,
  topnElements,
  weightedEdgeCount,
} from "./node_selection.ts";
import { countEdges } from "../graph/circuit_mask.ts";

const SHAPE = { nLayers: 2, nHeads: 2, parallel: false };
const ROWS = nForward(SHAPE), COLUMNS = nBackward(SHAPE);

Deno.test("topnElements() keeps the best-scored elements and every unscored one", () => {
  const scores = Float32Array.of(1, NaN, -5, 3, 0.5);
  assertEquals([...topnElements(scores, 2)], [0, 1, 1, 1, 0]);
  assertEquals([...topnElements(scores, 2, { absolute: false })], [1, 1, 0, 1, 0]);
  assertEquals([...topnElements(scores, 9)], [1, 1, 1, 1, 1]);
  assertEquals([...topnElements(scores, 0)], [0, 1, 0, 0, 0]);
});

Deno.test("thresholdElements() keeps the elements that reach the threshold and every unscored one", () => {
  const scores = Float32Array.of(1, NaN, -5, 3, 0.5);
  assertEquals([...thresholdElements(scores, 1)], [1, 1, 1, 1, 0]);
  assertEquals([...thresholdElements(scores, 1, { absolute: false })], [1, 1, 0, 1, 0]);
});

Deno.test("circuitOfNodes() has every real edge between kept nodes and no other", () => {
  // input, a0.h1, m1: all on a path to the logits
  const nodes = new Uint8Array(ROWS);
  nodes[0] = nodes[2] = nodes[6] = 1;
  const mask = circuitOfNodes(SHAPE, nodes);
  const real = realEdgeMask(SHAPE);
  for (let u = 0; u < ROWS; u++) {
    for (let v = 0; v < COLUMNS; v++) {
      const target = ownerIndex(SHAPE, v);
      const expected = real[u * COLUMNS + v] && nodes[u] && (target === ROWS || nodes[target]);
      assertEquals(mask[u * COLUMNS + v], Number(expected));
    }
  }
  assertEquals(countEdges(mask), 3 + 1 + 1 + 1 + 1 + 1); // into a0.h1, m1 (twice), logits (three times)
  assertEquals(countEdges(circuitOfNodes(SHAPE, new Uint8Array(ROWS).fill(1))), edgeCount(SHAPE));
  assertThrows(() => circuitOfNodes(SHAPE, new Uint8Array(3)), Error, "found 3");
});

Deno.test("circuitOfNeurons() keeps nodes with a neuron and drops neurons of pruned nodes", () => {
  const dModel = 4;
  const neurons = new Uint8Array(ROWS * dModel);
  neurons[0 * dModel + 1] = neurons[0 * dModel + 2] = 1; // input: two of four
  neurons[6 * dModel + 3] = 1; // m1: one of four
  const circuit = circuitOfNeurons(SHAPE, neurons);
  assertEquals(countEdges(circuit.mask), 3); // input->m1, input->logits, m1->logits
  assertEquals(circuit.neurons, neurons);
  assertAlmostEquals(weightedEdgeCount(SHAPE, circuit), 2 * 0.5 + 1 * 0.25, 1e-12);

  // without `input`, a0.h1 has no way in
  const orphan = new Uint8Array(ROWS * dModel);
  orphan[2 * dModel] = 1;
  assertEquals(countEdges(circuitOfNeurons(SHAPE, orphan).neurons), 0);
});

Deno.test("weightedEdgeCount() of a circuit with all its neurons is its number of edges", () => {
  const circuit = circuitOfNeurons(SHAPE, new Uint8Array(ROWS * 8).fill(1));
  assertEquals(weightedEdgeCount(SHAPE, circuit), edgeCount(SHAPE));
});
