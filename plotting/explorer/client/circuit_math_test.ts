import { stepScale } from "../../page/client/mod.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { allEdgeNames } from "./graph_json.ts";
import {
  degreesOf,
  differingWords,
  drawnNote,
  firstTop,
  jaccardMatrix,
  nodeShares,
  pathsThrough,
  visibleEdges,
} from "./circuit_math.ts";
import { findNode } from "./names.ts";
import { initialState, nearestIndex, readHash, writeHash } from "./state.ts";

const edge = (
  source: string,
  target: string,
  score = 1,
  letter: "q" | "k" | "v" | null = null,
) => ({
  source,
  target,
  letter,
  score,
});

const DIAMOND = [
  edge("input", "m0", 4),
  edge("m0", "m1", -3),
  edge("m0", "m2", 2),
  edge("m1", "logits", 1),
  edge("m2", "logits", 0.5),
];

Deno.test("pathsThrough() finds what is upstream and downstream of a node, not beside it", () => {
  const { nodes, edges } = pathsThrough(DIAMOND, "m1");
  assertEquals([...nodes].sort(), ["input", "logits", "m0", "m1"]);
  assertEquals([...edges].sort(), ["input->m0", "m0->m1", "m1->logits"]);
});

Deno.test("visibleEdges() ranks by |score|, after hiding letters", () => {
  const mixed = [...DIAMOND, edge("input", "a1.h0", 9, "q")];
  const names = (top: number | null, hidden: ("q" | "o")[]) =>
    visibleEdges(mixed, { top, hidden: new Set(hidden) }).map((e) => e.score);
  assertEquals(names(3, []), [9, 4, -3]);
  assertEquals(names(2, ["q"]), [4, -3]);
  assertEquals(names(null, ["o"]), [9]);
});

Deno.test("visibleEdges() adds the pinned node's own edges to the strongest", () => {
  const scores = (top: number | null, pinned: string | null) =>
    visibleEdges(DIAMOND, { top, hidden: new Set(), pinned }).map((e) => e.score);
  assertEquals(scores(1, null), [4]);
  assertEquals(scores(1, "m2"), [4, 2, 0.5]);
  assertEquals(scores(null, "m2"), [4, -3, 2, 1, 0.5]);
});

Deno.test("firstTop() and drawnNote() leave out edges of big circuits only, and say so", () => {
  const circuit = (n: number) => ({ circuit: Array.from({ length: n }, () => DIAMOND[0]) });
  assertEquals(firstTop([circuit(3), circuit(150)]), null);
  assertEquals(firstTop([circuit(151), circuit(3)]), 100);
  const note = (top: number | null, edges: number, pinned: string | null = null) =>
    drawnNote({ top, pinned, hidden: new Set() }, edges);
  assertEquals([note(null, 900), note(100, 100)], ["", ""]);
  assertEquals(note(1000, 1001), ", the 1,000 strongest drawn");
  assertEquals(note(1, 5, "a3.h1"), ", the strongest and those of 3.1 drawn");
});

Deno.test("degreesOf() and nodeShares() add up scores at a node", () => {
  assertEquals(degreesOf(DIAMOND, "m0"), { in: 1, out: 2, inScore: 4, outScore: -1 });
  assertAlmostEquals(nodeShares(DIAMOND).get("m0")!, 9 / 10.5);
  assertEquals(nodeShares([]).size, 0);
});

Deno.test("jaccardMatrix() matches counts by hand, and is 0 for two empty sets", () => {
  const matrix = jaccardMatrix([["a", "b", "c"], ["b", "c", "d", "e"], []]);
  assertEquals(matrix, [[1, 2 / 5, 0], [2 / 5, 1, 0], [0, 0, 0]]);
});

Deno.test("differingWords() marks the words that differ, even if one prompt is longer", () => {
  const marked = (pair: ReturnType<typeof differingWords>) =>
    pair.map((pieces) => pieces.filter((p) => p.differs).map((p) => p.text.trim()).join(" "));
  assertEquals(marked(differingWords("Ann met Bob. Ann ran", "Ann met Bob. Eve ran")), [
    "Ann",
    "Eve",
  ]);
  assertEquals(marked(differingWords("the war lasted long", "the big old war lasted long")), [
    "",
    "big old",
  ]);
});

Deno.test("findNode() understands the ways people write heads", () => {
  const shape = { nLayers: 4, nHeads: 4, parallel: true };
  for (const text of ["3.1", "a3.h1", "L3H1", "3 1", " A3.H1 "]) {
    assertEquals(findNode(text, shape), "a3.h1", text);
  }
  assertEquals(findNode("mlp 2", shape), "m2");
  for (const text of ["9.1", "3.9", "head", ""]) assertEquals(findNode(text, shape), null, text);
});

Deno.test("allEdgeNames() yields the published number of edges, each once", () => {
  const counts: [number, number, boolean, number][] = [
    [6, 8, true, 3580],
    [12, 12, true, 32347],
    [12, 12, false, 32491],
  ];
  for (const [nLayers, nHeads, parallel, count] of counts) {
    const names = [...allEdgeNames({ nLayers, nHeads, parallel })];
    assertEquals(names.length, count);
    assertEquals(new Set(names).size, count);
  }
});

Deno.test("readHash() restores what writeHash() wrote, and ignores nonsense", () => {
  const steps = [0, 1, 512, 1000];
  const state = { ...initialState(4), index: 2, pinned: "m1", top: 7, palette: "safe" as const };
  const back = readHash(writeHash(state, steps), steps, ["m1"]);
  assertEquals(back, { index: 2, pinned: "m1", top: 7, palette: "safe" });
  assertEquals(readHash("#step=x&pin=a99.h1&top=-2&theme=pink&hide=z", steps, ["m1"]), {});
});

Deno.test("nearestIndex() and stepScale() have a place for step 0", () => {
  assertEquals(nearestIndex([0, 1, 1000], 0), 0);
  assertEquals(nearestIndex([0, 1, 1000], 20), 1);
  assertEquals(nearestIndex([0, 1, 1000], 90000), 2);
  const x = stepScale([0, 1, 10, 100], [0, 400], String);
  assertEquals(x(0), 0);
  assertAlmostEquals(x(100) - x(10), x(10) - x(1));
  assertEquals(stepScale([0], [0, 400], String)(0), 200);
});
