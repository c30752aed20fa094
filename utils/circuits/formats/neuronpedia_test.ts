import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { circuitEdges } from "../graph/circuit_edges.ts";
import { readGraphJson } from "./graph_json.ts";
import { attributionGraph } from "./neuronpedia.ts";
import { nodesInCircuit } from "../graph/circuit_mask.ts";

/** The required part of Neuronpedia's graph-schema.json, version 1.0.0. */
const SCHEMA = z.object({
  metadata: z.object({
    slug: z.string(),
    scan: z.string(),
    prompt_tokens: z.array(z.string()),
    prompt: z.string(),
    info: z.object({ description: z.string() }).optional(),
  }),
  qParams: z.object({
    pinnedIds: z.array(z.string()),
    supernodes: z.array(z.any()),
    linkType: z.string(),
  }),
  nodes: z.array(z.object({
    node_id: z.string(),
    feature: z.int().nullable(),
    layer: z.union([z.string(), z.int()]),
    ctx_idx: z.int(),
    feature_type: z.string(),
    jsNodeId: z.string(),
    clerp: z.string(),
  })),
  links: z.array(z.object({ source: z.string(), target: z.string(), weight: z.number() })),
});

const INFO = {
  slug: "neox-ioi-60",
  model: "pythia-70m",
  tokens: ["When", " Mary", " to"],
  position: 2,
};

Deno.test("attributionGraph() fits Neuronpedia's schema and keeps nodes, links and total score", async () => {
  const url = new URL("../../../tests/reference/neox/greedy_60.json", import.meta.url);
  const { shape, scores, mask } = await readGraphJson(url.pathname);
  const circuit = circuitEdges(shape, scores, mask);
  const graph = SCHEMA.parse(
    JSON.parse(JSON.stringify(attributionGraph(shape, circuit, { ...INFO, description: "x" }))),
  );
  assertEquals(graph.metadata.prompt, "When Mary to");
  assertEquals(graph.nodes.map((node) => node.clerp), nodesInCircuit(shape, mask));
  assertEquals(new Set(graph.nodes.map((node) => node.node_id)).size, graph.nodes.length);
  assertEquals(new Set(graph.nodes.map((node) => node.jsNodeId)).size, graph.nodes.length);

  const ids = new Set(graph.nodes.map((node) => node.node_id));
  assert(graph.links.every(({ source, target }) => ids.has(source) && ids.has(target)));
  const pairs = new Set(circuit.map(({ source, target }) => `${source} ${target}`));
  assertEquals(graph.links.length, pairs.size);
  const total = (of: { weight?: number; score?: number }[]) =>
    of.reduce((sum, { weight, score }) => sum + (weight ?? score ?? 0), 0);
  assertAlmostEquals(total(graph.links), total(circuit), 1e-9);
});

Deno.test("attributionGraph() places nodes by layer as circuit-tracer does", () => {
  const shape = { nLayers: 2, nHeads: 3, parallel: true };
  const { nodes, links } = attributionGraph(shape, [
    { source: "input", target: "a1.h2", letter: "q", score: 1 },
    { source: "input", target: "a1.h2", letter: "v", score: -3 },
    { source: "a1.h2", target: "logits", letter: null, score: 0.5 },
    { source: "m0", target: "logits", letter: null, score: 2 },
  ], INFO);
  assertEquals(nodes.map(({ clerp, layer, node_id }) => [clerp, layer, node_id]), [
    ["input", "E", "E_0_2"],
    ["m0", "0", "0_3_2"],
    ["a1.h2", "1", "1_2_2"],
    ["logits", "3", "3_0_2"],
  ]);
  assertEquals(links, [
    { source: "E_0_2", target: "1_2_2", weight: -2 },
    { source: "1_2_2", target: "3_0_2", weight: 0.5 },
    { source: "0_3_2", target: "3_0_2", weight: 2 },
  ]);
  assertThrows(() => attributionGraph(shape, [], { ...INFO, position: 3 }), Error, "3 tokens");
  assertThrows(() => attributionGraph(shape, [], { ...INFO, slug: "a b" }), Error, `"a b"`);
});
