import { assertEquals, assertThrows } from "@std/assert";
import { nodeName } from "../../names/nodes.ts";
import {
  cellName,
  checkMatrix,
  type CircuitShape,
  columnsOf,
  destinationName,
  edgeCell,
  edgeCount,
  edgesInOrder,
  headColumns,
  layerColumns,
  layerRows,
  logitsColumn,
  mlpColumn,
  nBackward,
  nForward,
  nodeIndex,
  ownerIndex,
  parseNode,
  prevIndex,
  realEdgeMask,
  sourceNode,
} from "./graph.ts";

const parallel = { nLayers: 3, nHeads: 4, parallel: true };
const sequential = { nLayers: 3, nHeads: 4, parallel: false };

/** Models of the paper: layers, heads, parallel, nodes with logits, edges, sources, destinations. */
const MODELS: Record<string, [number, number, boolean, number, number, number, number]> = {
  "pythia-14m": [6, 4, true, 32, 1_084, 31, 79],
  "pythia-31m": [6, 8, true, 56, 3_580, 55, 151],
  "pythia-70m": [6, 8, true, 56, 3_580, 55, 151],
  "pythia-160m": [12, 12, true, 158, 32_347, 157, 445],
  "pythia-410m": [24, 16, true, 410, 231_493, 409, 1177],
  "pythia-1b": [16, 8, true, 146, 27_545, 145, 401],
  "pythia-1.4b": [24, 16, true, 410, 231_493, 409, 1177],
  "pythia-2.8b": [32, 32, true, 1058, 1_591_857, 1057, 3105],
  "pythia-6.9b": [32, 32, true, 1058, 1_591_857, 1057, 3105],
  "pythia-12b": [36, 40, true, 1478, 3_131_263, 1477, 4357],
  "gpt2": [12, 12, false, 158, 32_491, 157, 445],
  "OLMo-1B": [16, 16, false, 274, 101_273, 273, 785],
};

Deno.test("edgeCount(), nForward(), nBackward() give the published sizes of every model", () => {
  for (
    const [model, [nLayers, nHeads, parallel, nodes, edges, rows, columns]] of Object.entries(
      MODELS,
    )
  ) {
    const shape: CircuitShape = { nLayers, nHeads, parallel };
    assertEquals(
      [nForward(shape) + 1, edgeCount(shape), nForward(shape), nBackward(shape)],
      [nodes, edges, rows, columns],
      model,
    );
  }
});

Deno.test("realEdgeMask() has one cell per edge, and edgesInOrder() visits each once", () => {
  for (const shape of [parallel, sequential, { nLayers: 12, nHeads: 12, parallel: false }]) {
    const mask = realEdgeMask(shape);
    let edges = 0;
    for (const cell of edgesInOrder(shape)) {
      assertEquals(mask[cell], 1);
      mask[cell] = 0;
      edges++;
    }
    assertEquals(edges, edgeCount(shape));
    assertEquals(mask.indexOf(1), -1);
  }
});

Deno.test("edgesInOrder(), cellName() and the order of rows follow the files of EAP-IG", async () => {
  for (const [folder, shape] of [["neox", parallel], ["gpt2", sequential]] as const) {
    const url = new URL(`../../../tests/reference/${folder}/greedy_60.json`, import.meta.url);
    const file = JSON.parse(await Deno.readTextFile(url));
    const names = [...edgesInOrder(shape)].map((cell) => cellName(shape, cell));
    assertEquals(names, Object.keys(file.edges));
    const rows = Array.from({ length: nForward(shape) + 1 }, (_, u) => sourceNode(shape, u));
    assertEquals(rows.map(nodeName), Object.keys(file.nodes));
  }
});

Deno.test("index maps follow their closed formulas", () => {
  const H = 4;
  for (let l = 0; l < 3; l++) {
    for (let h = 0; h < H; h++) {
      const u = 1 + l * (H + 1) + h;
      assertEquals(nodeName(sourceNode(parallel, u)), `a${l}.h${h}`);
      assertEquals(columnsOf(parallel, u), [0, 1, 2].map((j) => l * (3 * H + 1) + j * H + h));
    }
    const mlp = l * (3 * H + 1) + 3 * H;
    assertEquals(columnsOf(parallel, 1 + l * (H + 1) + H), [mlp]);
    assertEquals(prevIndex(parallel, mlp), 1 + l * (H + 1));
    assertEquals(prevIndex(sequential, mlp), 1 + l * (H + 1) + H);
    assertEquals(layerRows(parallel, l), {
      heads: 1 + l * (H + 1),
      mlp: 1 + l * (H + 1) + H,
      end: 1 + (l + 1) * (H + 1),
    });
    assertEquals(layerColumns(parallel, l), { first: l * (3 * H + 1), end: mlp + 1 });
    assertEquals(
      headColumns(parallel, l, [2, 0]),
      [2, 6, 10, 0, 4, 8].map((within) => l * (3 * H + 1) + within),
    );
    assertEquals(mlpColumn(parallel, l), mlp);
  }
  assertEquals(layerRows(parallel, 3).heads, nForward(parallel));
  assertEquals(logitsColumn(parallel), 3 * (3 * H + 1));
  assertEquals(columnsOf(parallel, 0), []);
  assertEquals(columnsOf(parallel, nForward(parallel)), [nBackward(parallel) - 1]);
  assertEquals([11, 12, 13].map((v) => destinationName(parallel, v)), [
    "a0.h3<v>",
    "m0",
    "a1.h0<q>",
  ]);
});

Deno.test("names are read back to the indices they came from", () => {
  for (const shape of [parallel, sequential]) {
    for (const cell of edgesInOrder(shape)) {
      assertEquals(edgeCell(shape, cellName(shape, cell)), cell);
    }
    for (let u = 0; u <= nForward(shape); u++) {
      assertEquals(nodeIndex(shape, parseNode(shape, nodeName(sourceNode(shape, u)))), u);
      for (const v of columnsOf(shape, u)) assertEquals(ownerIndex(shape, v), u);
    }
  }
});

Deno.test("edgeCell() rejects what is not an edge", () => {
  for (
    const name of [
      "m0->m0",
      "a0.h0->m0",
      "m2->a0.h0<q>",
      "logits->m0",
      "m0->a1.h0",
      "m0->m1<q>",
      "m0->input",
      "m0->a1.h4<q>",
      "m3->logits",
      "m0-a1.h0<q>",
      "x->logits",
    ]
  ) assertThrows(() => edgeCell(parallel, name), Error, name.includes("->") ? undefined : name);
  assertEquals(edgeCell(sequential, "a0.h0->m0"), 1 * nBackward(sequential) + 12);
});

Deno.test("checkMatrix() names the matrix and both sizes", () => {
  const size = nForward(parallel) * nBackward(parallel);
  checkMatrix(parallel, { length: size }, "the scores");
  const message =
    `expected the scores to be [16, 40], 640 values, for 3 layers of 4 heads; found 3`;
  assertThrows(() => checkMatrix(parallel, { length: 3 }, "the scores"), Error, message);
});
