import { assertEquals } from "@std/assert";
import { countEdges, nodesInCircuit } from "./circuit_mask.ts";
import {
  cellName,
  type CircuitShape,
  edgeCell,
  edgesInOrder,
  nBackward,
  nForward,
} from "./graph.ts";
import { pruneCircuit } from "./pruning.ts";

const SHAPES: CircuitShape[] = [
  { nLayers: 3, nHeads: 2, parallel: true },
  { nLayers: 3, nHeads: 2, parallel: false },
];

type NamedEdge = { name: string; source: string; target: string };

function namedEdges(shape: CircuitShape, mask: Uint8Array): NamedEdge[] {
  return [...edgesInOrder(shape)].filter((cell) => mask[cell]).map((cell) => {
    const name = cellName(shape, cell);
    const [source, target] = name.replace(/<.>/, "").split("->");
    return { name, source, target };
  });
}

/** The rule as stated: keep the edges between nodes that have a way in and a way out, until nothing changes. */
function fixedPointByRule(edges: NamedEdge[]): string[] {
  for (;;) {
    const sources = new Set(edges.map((e) => e.source)),
      targets = new Set(edges.map((e) => e.target));
    const kept = (node: string) => sources.has(node) && (node === "input" || targets.has(node));
    const rest = edges.filter((e) => kept(e.source) && (e.target === "logits" || kept(e.target)));
    if (rest.length === edges.length) return edges.map((e) => e.name);
    edges = rest;
  }
}

/** The three steps of the original: backwards once, then forwards once, over nodes with flags. */
function singlePassByRule(shape: CircuitShape, edges: NamedEdge[]): string[] {
  const nodes = nodesInOrder(shape);
  const inGraph = new Map<string, boolean>();
  for (const node of nodes.toReversed()) {
    inGraph.set(node, edges.some((e) => e.source === node));
    if (!inGraph.get(node)) edges = edges.filter((e) => e.target !== node);
  }
  for (const node of nodes) {
    if (inGraph.get(node) && node !== "input" && !edges.some((e) => e.target === node)) {
      edges = edges.filter((e) => e.source !== node);
    }
  }
  return edges.map((e) => e.name);
}

function nodesInOrder({ nLayers, nHeads }: CircuitShape): string[] {
  const nodes = ["input"];
  for (let l = 0; l < nLayers; l++) {
    for (let h = 0; h < nHeads; h++) nodes.push(`a${l}.h${h}`);
    nodes.push(`m${l}`);
  }
  return nodes;
}

Deno.test("pruneCircuit() leaves what both published rules leave, at every density", () => {
  let state = 7;
  const random = () => (state = state * 48271 % 2147483647) / 2147483647;
  for (const shape of SHAPES) {
    for (let trial = 0; trial < 150; trial++) {
      const mask = new Uint8Array(nForward(shape) * nBackward(shape));
      const density = random() * 0.5;
      for (const cell of edgesInOrder(shape)) mask[cell] = Number(random() < density);
      const before = mask.slice(), edges = namedEdges(shape, mask);
      const pruned = namedEdges(shape, pruneCircuit(shape, mask)).map((e) => e.name);
      assertEquals(pruned, fixedPointByRule(edges));
      assertEquals(pruned, singlePassByRule(shape, edges));
      assertEquals(mask, before, "the given mask must not change");
    }
  }
});

Deno.test("pruneCircuit() drops whole chains that have no way in or no way out", () => {
  const shape = SHAPES[0];
  const circuit = (...names: string[]) => {
    const mask = new Uint8Array(nForward(shape) * nBackward(shape));
    for (const name of names) {
      mask[edgeCell(shape, name)] = 1;
    }
    return namedEdges(shape, pruneCircuit(shape, mask)).map((e) => e.name);
  };
  const alive = ["input->m0", "m0->logits"];
  assertEquals(circuit(...alive, "m0->a1.h0<q>", "a1.h0->a2.h1<v>"), alive);
  assertEquals(circuit(...alive, "a0.h0->a1.h1<v>", "a1.h1->m2", "m2->logits"), alive);
  assertEquals(circuit("m0->a1.h0<q>", "a1.h0->logits"), []);
});

Deno.test("pruneCircuit() keeps the whole graph and the empty circuit", () => {
  for (const shape of SHAPES) {
    const mask = new Uint8Array(nForward(shape) * nBackward(shape));
    assertEquals(countEdges(pruneCircuit(shape, mask)), 0);
    assertEquals(nodesInCircuit(shape, mask), []);
    for (const cell of edgesInOrder(shape)) mask[cell] = 1;
    assertEquals(pruneCircuit(shape, mask), mask);
    assertEquals(nodesInCircuit(shape, mask), [...nodesInOrder(shape), "logits"]);
  }
});
