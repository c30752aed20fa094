import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openSafetensors } from "../../tensor_files/safetensors.ts";
import { nBackward, nForward, realEdgeMask } from "../graph/graph.ts";
import { WriteError } from "../../base/mod.ts";
import { formatGraphJson, readGraphJson, writeGraphJson } from "./graph_json.ts";
import { type GraphFile, parseGraphJson } from "./graph_json_reader.ts";
import { nodeMask } from "../graph/circuit_mask.ts";
import { pythonFloat } from "./python_json.ts";

const SHAPE = { nLayers: 1, nHeads: 2, parallel: false };

function example(): GraphFile {
  const mask = realEdgeMask(SHAPE).map((real, i) => Number(real && i % 3 === 0));
  const scores = Float64Array.from(realEdgeMask(SHAPE), (real, i) => real ? Math.sin(i) : 0);
  return { shape: SHAPE, dModel: 4, scores, mask };
}

for (const folder of ["neox", "gpt2"]) {
  Deno.test(`a graph file of EAP-IG is read and written to the same bytes (${folder})`, async () => {
    const dir = new URL(`../../../tests/reference/${folder}/`, import.meta.url);
    const path = new URL("greedy_60.json", dir).pathname;
    const graph = await readGraphJson(path);
    assertEquals(formatGraphJson(graph, 2), await Deno.readTextFile(path));

    const expected = await openSafetensors(new URL("expected.safetensors", dir).pathname);
    assertEquals(
      Float32Array.from(graph.scores),
      Float32Array.from(await expected.read("scores.logit_diff.eap_ig_inputs_30")),
    );
    assertEquals(
      graph.mask,
      Uint8Array.from(await expected.read("circuit.greedy_60.in_graph")),
    );
    expected.close();
  });
}

Deno.test("writeGraphJson() and readGraphJson() keep scores and flags in both versions", async () => {
  const dir = await Deno.makeTempDir();
  for (const version of [1, 2] as const) {
    const graph = example();
    await writeGraphJson(`${dir}/${version}.json`, graph, version);
    const read = await readGraphJson(`${dir}/${version}.json`);
    assertEquals(read.scores, graph.scores);
    assertEquals(read.mask, graph.mask);
    assertEquals(read.shape, SHAPE);
    const nodes = nodeMask(SHAPE, graph.mask);
    if (version === 2) nodes[nodes.length - 1] = 1;
    assertEquals(read.nodes, nodes);
    assertEquals(read.dModel, version === 2 ? 4 : undefined);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a graph of several parts is written as one text", async () => {
  const shape = { nLayers: 8, nHeads: 32, parallel: true };
  const real = realEdgeMask(shape);
  const edges = real.reduce((sum, each) => sum + each, 0);
  assert(edges > 50_000, "more than one part");
  const scores = Float64Array.from(real, (each, i) => each ? Math.fround(Math.sin(i)) : 0);
  const graph = {
    shape,
    dModel: 4,
    scores,
    mask: real.map((each, i) => Number(each && i % 5 === 0)),
  };
  const dir = await Deno.makeTempDir();
  try {
    await writeGraphJson(`${dir}/large.json`, graph, 2);
    const text = await Deno.readTextFile(`${dir}/large.json`);
    assert(text === formatGraphJson(graph, 2));
    assertEquals(Object.keys(JSON.parse(text).edges).length, edges);
    const read = await readGraphJson(`${dir}/large.json`);
    assert(scores.every((score, i) => read.scores[i] === score));
    assertEquals([...Deno.readDirSync(dir)].length, 1);

    await Deno.truncate(`${dir}/large.json`, 500_000_001);
    await assertRejects(
      () => readGraphJson(`${dir}/large.json`),
      Error,
      "large.json has 500000001 bytes; graph files of at most 500000000 can be read",
    );
    await Deno.mkdir(`${dir}/folder.json`);
    await assertRejects(() => writeGraphJson(`${dir}/folder.json`, graph, 2), WriteError);
    scores[1] = NaN;
    await assertRejects(() => writeGraphJson(`${dir}/nan.json`, graph, 2), Error);
    assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name).sort(), [
      "folder.json",
      "large.json",
    ]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("formatGraphJson() writes version 1 with flags for nodes and no width", () => {
  const file = JSON.parse(formatGraphJson(example(), 1));
  assertEquals(file.cfg, { n_layers: 1, n_heads: 2, parallel_attn_mlp: false });
  assert(Object.values(file.nodes).every((flag) => typeof flag === "boolean"));
});

Deno.test("neurons of a head are written for its whole layer, as EAP-IG loads them", () => {
  const rows = nForward(SHAPE);
  const graph = example();
  graph.neurons = Uint8Array.from({ length: rows * 4 }, (_, i) => i % 5 === 0 ? 1 : 0);
  graph.neuronScores = Float64Array.from({ length: rows * 4 }, (_, i) => i / 8);
  graph.nodeScores = Float64Array.from({ length: rows }, (_, u) => u === 1 ? NaN : u / 4);
  const text = formatGraphJson(graph, 2);
  const { nodes } = JSON.parse(text);
  assertEquals(nodes["a0.h1"].neurons_scores, [[.5, .625, .75, .875], [1, 1.125, 1.25, 1.375]]);
  assertEquals(nodes.m0.neurons, [false, false, false, true]);
  assertEquals(nodes["a0.h0"].score, undefined);
  assertEquals(nodes.logits, { in_graph: true });

  const read = parseGraphJson(text, "x.json");
  assertEquals(read.neurons, graph.neurons);
  assertEquals(read.neuronScores, graph.neuronScores);
  assertEquals(read.nodeScores, graph.nodeScores);
  assertThrows(() => formatGraphJson(graph, 1), Error, "version 2");
});

Deno.test("parseGraphJson() names the file and the key that is wrong", () => {
  const broken = (change: (file: ReturnType<typeof JSON.parse>) => void) => {
    const file = JSON.parse(formatGraphJson(example(), 2));
    change(file);
    return () => parseGraphJson(JSON.stringify(file), "some.json");
  };
  assertThrows(() => parseGraphJson("{", "some.json"), Error, "some.json is not valid JSON");
  assertThrows(broken((f) => delete f.cfg), Error, "some.json: expected cfg to be an object");
  assertThrows(broken((f) => f.cfg.n_heads = 1.5), Error, "cfg.n_heads");
  assertThrows(broken((f) => f.cfg.n_heads = 1), Error, "edges for the shape in cfg");
  assertThrows(broken((f) => delete f.edges["a0.h1->m0"]), Error, "edge a0.h1->m0");
  assertThrows(broken((f) => f.edges["m0->logits"].score = "1"), Error, "score of edge m0->logits");
  assertThrows(broken((f) => f.nodes.m0.in_graph = 1), Error, "in_graph of node m0");
  assertThrows(broken((f) => f.nodes.m0.neurons = [true]), Error, "neurons of node m0");
  assertThrows(broken((f) => f.nodes.m7 = true), Error, "expected 5 nodes");
});

Deno.test("formatGraphJson() rejects what the format cannot hold", async () => {
  const graph = example();
  assertThrows(() => formatGraphJson({ ...graph, dModel: undefined }, 2), Error, "dModel");
  assertThrows(() => formatGraphJson({ ...graph, mask: new Uint8Array(3) }, 1), Error, "[4, 8]");
  const scores = graph.scores.slice();
  scores[nBackward(SHAPE) - 1] = NaN;
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "kept");
  await assertRejects(() => writeGraphJson(path, { ...graph, scores }, 1), Error, "NaN");
  assertEquals(await Deno.readTextFile(path), "kept");
  await Deno.remove(path);
  await assertRejects(() => readGraphJson(path), Deno.errors.NotFound);
});

Deno.test("pythonFloat() writes numbers as Python's repr does", () => {
  const expected: [number, string][] = [
    [0, "0.0"],
    [-0, "-0.0"],
    [3, "3.0"],
    [-0.1, "-0.1"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [1.5e-7, "1.5e-07"],
    [9.87654321e-123, "9.87654321e-123"],
    [123456789012345680, "1.2345678901234568e+17"],
    [9999999999999998, "9999999999999998.0"],
    [1e16, "1e+16"],
    [Math.fround(0.1), "0.10000000149011612"],
  ];
  for (const [value, text] of expected) assertEquals(pythonFloat(value), text);
});
