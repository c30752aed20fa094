import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { UserError } from "../../base/user_error.ts";
import { attribute } from "../../circuits/attribution/attribution.ts";
import { readGraphJson } from "../../circuits/formats/graph_json.ts";
import { circuitEdges } from "../../circuits/graph/circuit_edges.ts";
import { nForward, sourceNode } from "../../circuits/graph/graph.ts";
import { nodeName } from "../../names/nodes.ts";
import { countEdges } from "../../circuits/graph/circuit_mask.ts";
import { pruneCircuit } from "../../circuits/graph/pruning.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import {
  ARCHITECTURES,
  assertClose,
  smallModel,
  smallPairs,
  smallReadout,
} from "../../../tests/support/circuit_cases.ts";
import { chooseCircuit, exportCircuit, exportSchema, nodeScores } from "./export.ts";

const GRAPH = fromFileUrl(
  new URL("../../../tests/reference/neox/greedy_60.json", import.meta.url),
);
const settings = (more: Record<string, unknown>) => exportSchema.parse({ graph: GRAPH, ...more });

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`nodeScores() of edges are the node scores of attribution: ${name}`, async () => {
    const pairs = smallPairs().slice(1, 3);
    const batches = promptBatches(pairs, smallReadout(pairs.length, "probabilities"));
    const { scores, nodes } = await attribute(smallModel(config).model, batches, { method: "EAP" });
    assertClose(nodeScores({ shape: config, scores }), nodes.nodes, 1e-4, "nodes");
  });
}

Deno.test("chooseCircuit() takes the stored circuit, or edges, nodes or a threshold", async () => {
  const graph = await readGraphJson(GRAPH);
  const { shape, scores } = graph;
  const choose = (more: Record<string, unknown>) => chooseCircuit(graph, settings(more));
  assertEquals(choose({}).mask, graph.mask);
  // the file was written by EAP-IG with its greedy selection of 60 edges
  assertEquals(choose({ select: "greedy", n: 60 }).mask, pruneCircuit(shape, graph.mask));

  const sizes = circuitEdges(shape, scores, choose({ select: "topn", n: 1e6 }).mask)
    .map(({ score }) => Math.abs(score)).sort((a, b) => b - a);
  const threshold = sizes[39];
  const best = choose({ select: "topn", n: 40 }),
    above = choose({ select: "threshold", threshold });
  assertEquals(best.mask, above.mask);
  assert(circuitEdges(shape, scores, above.mask).every((e) => Math.abs(e.score) >= threshold));
  assert(countEdges(above.mask) <= 40);

  const sums = nodeScores(graph);
  const ranked = Array.from({ length: nForward(shape) }, (_, u) => u)
    .sort((a, b) => Math.abs(sums[b]) - Math.abs(sums[a]));
  const allowed = new Set(ranked.slice(0, 6).map((u) => nodeName(sourceNode(shape, u))));
  const ofNodes = circuitEdges(shape, scores, choose({ select: "nodes", n: 6 }).mask);
  assert(ofNodes.length > 0 && ofNodes.every(({ source }) => allowed.has(source)));
});

Deno.test("chooseCircuit() keeps the neurons with the best scores", async () => {
  const graph = await readGraphJson(GRAPH);
  const dModel = 2, rows = nForward(graph.shape);
  const neuronScores = Float64Array.from({ length: rows * dModel }, (_, i) => i);
  const chosen = chooseCircuit(
    { ...graph, dModel, neuronScores },
    settings({ select: "neurons", threshold: 1 }),
  );
  assertEquals([...chosen.neurons!.subarray(0, 4)], [0, 1, 1, 1]);
});

Deno.test("an export says which setting is missing", async () => {
  const graph = await readGraphJson(GRAPH);
  const fails = (more: Record<string, unknown>, message: string) =>
    assertThrows(() => chooseCircuit(graph, settings(more)), UserError, message);
  fails({ select: "greedy" }, "select greedy: expected a number as n, found none");
  fails({ select: "threshold" }, "select threshold: expected a number as threshold, found none");
  fails({ select: "nodes" }, "select nodes: expected either n or threshold, found none");
  fails({ select: "nodes", n: 1, threshold: 1 }, "expected either n or threshold, found both");
  fails({ select: "neurons", n: 1 }, "has no scores of neurons");
  const { message } = await exportCircuit(settings({})).catch((error) =>
    error as UserError
  ) as Error;
  assert(message.startsWith("prompt: expected a value, since there is no "), message);
});
