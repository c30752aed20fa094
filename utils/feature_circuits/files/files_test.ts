import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { graphCase } from "../../../tests/support/graph_cases.ts";
import {
  type AttributionGraph,
  attributionGraph,
  graphScores,
  logitDifference,
  logitTargets,
  nodeCount,
  type PrunedGraph,
  pruneGraph,
} from "../graph/mod.ts";
import { linearRun } from "../linear/mod.ts";
import { readGraph, writeGraph } from "./graph_files.ts";
import { cantorPair, cantorUnpair, neuronpediaGraph } from "../../graphs/mod.ts";
import { graphIndexSchema, neuronpediaSchema } from "../../results/mod.ts";
import { indexGraph } from "./graph_index.ts";

async function made(name: string, options: { difference?: boolean; maxFeatures?: number } = {}) {
  const { model, coders, tokens } = graphCase(name);
  const run = await linearRun(model, coders, tokens, { ignore: [0] });
  const targets = options.difference
    ? [await logitDifference(run, 3, 5)]
    : await logitTargets(run, { most: 3 });
  const graph = await attributionGraph(run, targets, { maxFeatures: options.maxFeatures });
  model.close();
  return { graph, pruned: pruneGraph(graph) };
}

const info = (graph: AttributionGraph) => ({
  slug: "a-b",
  scan: "random",
  tokens: graph.tokens.map((token) => ` t${token}`),
  tokenText: (token: number) => ` t${token}`,
  vocabulary: 50,
  pruning: { nodeThreshold: 0.8, edgeThreshold: 0.98 },
});

Deno.test("a graph that is written and read again is the same, bit for bit", async () => {
  const folder = await Deno.makeTempDir();
  for (const maxFeatures of [undefined, 20]) {
    const { graph, pruned } = await made("GPT-2, stream", { maxFeatures });
    const path = join(folder, "deep/graph");
    const about = {
      prompt: "a b",
      tokenTexts: ["a", " b"],
      settings: { model: "m", step: 3 },
      scores: graphScores(graph),
    };
    await writeGraph(path, graph, pruned, about);
    const found = await readGraph(path);
    assertEquals(found.about, about);
    const { targets, ...rest } = found.graph, { targets: before, ...restBefore } = graph;
    assertEquals({ ...rest }, { ...restBefore } as typeof rest);
    for (const [t, target] of targets.entries()) {
      assertEquals(Array.from(target.vector), Array.from(before[t].vector));
      assertEquals({ ...target, vector: [] }, { ...before[t], vector: [] });
    }
    assertEquals(found.pruned.edges, pruned.edges);
    assertEquals(found.pruned.nodes, pruned.nodes);
    assertEquals(found.pruned.shares, Float64Array.from(Float32Array.from(pruned.shares)));
    assertEquals(pruneGraph(found.graph), pruned);
  }
  await Deno.writeTextFile(join(folder, "deep/graph.json"), '{"format": "other"}');
  await assertRejects(() => readGraph(join(folder, "deep/graph")), Error, "graph.json: format");
  await assertRejects(() => readGraph(join(folder, "none")), Error, "none.json is missing");
  await Deno.remove(folder, { recursive: true });
});

/** Layer, position and kind of a node of the file, from its entries other than its id. */
const placeOf = (
  node: { layer: string; ctx_idx: number; feature_type: string; feature: number | null },
) => [node.layer, node.ctx_idx, node.feature_type, node.feature].join(" ");

for (const name of ["GPT-NeoX, bare", "GPT-2, stream", "GPT-NeoX, cross-layer"]) {
  Deno.test(`the graph for Neuronpedia has the kept nodes and edges: ${name}`, async () => {
    const { graph, pruned } = await made(name);
    const json = neuronpediaGraph(graph, pruned, info(graph));
    assertEquals(neuronpediaSchema.parse(JSON.parse(JSON.stringify(json))), json);
    assertEquals(new Set(json.nodes.map((node) => node.node_id)).size, json.nodes.length);
    assertEquals(new Set(json.nodes.map(placeOf)).size, json.nodes.length);
    assertEquals(json.links.length, pruned.edges.length / 2);
    const K = graph.activations.length, n = graph.tokens.length, L = graph.layers;
    const byId = new Map(json.nodes.map((node) => [node.node_id, node]));
    for (const [e, { source, target, weight }] of json.links.entries()) {
      const [to, from] = pruned.edges.subarray(2 * e, 2 * e + 2);
      const row = to < K ? to : to - (L + 1) * n;
      assertEquals(weight, graph.edges[row * graph.columns + from]);
      const node = byId.get(source)!;
      if (from < K) {
        const [layer, position, feature] = graph.features.subarray(3 * from, 3 * from + 3);
        assertEquals(cantorUnpair(node.feature!), [layer, feature]);
        assertEquals([node.layer, node.ctx_idx], [`${layer}`, position]);
        assertEquals(node.activation, graph.activations[from]);
      } else {
        const layer = Math.floor((from - K) / n);
        assertEquals(node.layer, layer === L ? "E" : `${layer}`);
        assertEquals(node.ctx_idx, (from - K) % n);
      }
      assertEquals(byId.get(target)!.feature_type === "logit", to >= K);
    }
    const logits = json.nodes.filter((node) => node.feature_type === "logit");
    assertEquals(logits.map(({ token_prob }) => token_prob), graph.targets.map((t) => t.weight));
    assertEquals(logits.map(({ is_target_logit }) => is_target_logit), [true, false, false]);
  });
}

Deno.test("an error with the id of a feature gets another one", async () => {
  const { graph } = await made("GPT-NeoX, bare");
  const n = graph.tokens.length, K = graph.activations.length;
  // Feature 2 of layer 0, and the error of layer 2, at the same position.
  const features = graph.features.slice();
  const position = features[1];
  features[0] = 0;
  features[2] = 2;
  const error = K + 2 * n + position, target = nodeCount(graph) - 1;
  const pruned: PrunedGraph = {
    ...pruneGraph(graph),
    nodes: new Uint8Array(nodeCount(graph)).fill(1),
    edges: Int32Array.of(target, 0, target, error),
  };
  const ids = (ambiguousIds: boolean) =>
    neuronpediaGraph({ ...graph, features }, pruned, { ...info(graph), ambiguousIds })
      .links.map(({ source }) => source);
  assertEquals(ids(false), [`0_2_${position}`, `ERR_2_${position}`]);
  assertEquals(ids(true), [`0_2_${position}`, `0_2_${position}`]);
});

Deno.test("a target that is not a logit counts from the end of the vocabulary", async () => {
  const { graph, pruned } = await made("GPT-NeoX, bare", { difference: true });
  const node = neuronpediaGraph(graph, pruned, info(graph)).nodes.at(-1)!;
  assertEquals([node.node_id, node.feature, node.jsNodeId], ["4_50_4", 50, "L_50-4"]);
  assertEquals(node.clerp, 'Output "logit 3 − logit 5" (p=1.000)');
});

Deno.test("Cantor pairs are those of circuit-tracer, and lead back", () => {
  assertEquals(cantorPair(0, 60), 1890); // a node of circuit-tracer's own file
  for (let layer = 0; layer < 40; layer += 3) {
    for (const feature of [0, 1, 17, 24_575, 163_839]) {
      assertEquals(cantorUnpair(cantorPair(layer, feature)), [layer, feature]);
    }
  }
});

Deno.test("the schema refuses what viewers cannot read", async () => {
  const { graph, pruned } = await made("GPT-NeoX, bare");
  const json = neuronpediaGraph(graph, pruned, info(graph));
  const refuses = (change: (copy: typeof json) => void) => {
    const copy = structuredClone(json);
    change(copy);
    assert(!neuronpediaSchema.safeParse(copy).success);
  };
  const key = (part: object) => part as Record<string, unknown>;
  for (const name of ["slug", "scan", "prompt_tokens", "prompt"]) {
    refuses(({ metadata }) => delete key(metadata)[name]);
  }
  for (const name of ["node_id", "layer", "ctx_idx", "feature_type", "jsNodeId", "clerp"]) {
    refuses(({ nodes }) => delete key(nodes[0])[name]);
  }
  for (const name of ["source", "target", "weight"]) {
    refuses(({ links }) => delete key(links[0])[name]);
  }
  refuses(({ nodes }) => key(nodes[0]).feature_type = "neuron");
  refuses(({ metadata }) => key(metadata).generation_settings = { max_feature_nodes: null });
  refuses(({ links }) => key(links[0]).weight = "1");
  assertEquals(
    neuronpediaSchema.parse({ ...json, metadata: { ...json.metadata, other: 1 } }).metadata.other,
    1,
  );
});

Deno.test("the list of graphs has one entry per slug, and a damaged list is refused", async () => {
  const folder = await Deno.makeTempDir(), path = join(folder, "graph-metadata.json");
  const { graph, pruned } = await made("GPT-NeoX, bare");
  for (const [slug, scan] of [["a", "1"], ["b", "1"], ["a", "2"]]) {
    indexGraph(folder, neuronpediaGraph(graph, pruned, { ...info(graph), slug, scan }).metadata);
  }
  const { graphs } = graphIndexSchema.parse(JSON.parse(await Deno.readTextFile(path)));
  assertEquals(graphs.map(({ slug, scan }) => [slug, scan]), [["b", "1"], ["a", "2"]]);
  await Deno.writeTextFile(path, "[]");
  const { metadata } = neuronpediaGraph(graph, pruned, info(graph));
  assertThrows(() => indexGraph(folder, metadata), Error, "graph-metadata.json: expected");
  assertThrows(
    () => neuronpediaGraph(graph, pruned, { ...info(graph), slug: "../a" }),
    Error,
    "slug",
  );
  assert((await Deno.readTextFile(path)) === "[]");
  await Deno.remove(folder, { recursive: true });
});
