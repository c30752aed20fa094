import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../utils/base/mod.ts";
import { linearRun } from "../../utils/feature_circuits/linear/mod.ts";
import {
  attributionGraph,
  graphScores,
  logitTargets,
  neuronpediaGraph,
  pruneGraph,
  readGraph,
  writeGraph,
} from "../../utils/feature_circuits/mod.ts";
import { cumulativeShares, influence, inputSizes, subgraphScores } from "../../utils/graphs/mod.ts";
import { graphCase } from "../../tests/support/graph_cases.ts";
import { madeUpGraph } from "../testing/made_up_graph.ts";
import { graphModel } from "./client/page_model.ts";
import { type PageGraph, pageGraph } from "./page_graph.ts";
import { prunedGraph } from "./pruned_file.ts";
import { readGraphs } from "./read.ts";

/** What the page reads: the graph after a way through JSON. */
const embedded = (graph: PageGraph): PageGraph => JSON.parse(JSON.stringify(graph));

Deno.test("the page's graph is the library's: edges, influence, pruning and scores, bit for bit", () => {
  const read = madeUpGraph({ perCell: 4 });
  const model = graphModel(embedded(pageGraph(read, 1000)));
  assertEquals(model.graph.edges, read.graph.edges);
  assertEquals(model.influence, influence(read.graph));
  assertEquals(model.shares, cumulativeShares(influence(read.graph)));
  assertEquals(model.scores, graphScores(read.graph));
  for (const [nodeThreshold, edgeThreshold] of [[0.3, 0.9], [0.8, 0.98], [1, 1]]) {
    const { nodes, edges } = pruneGraph(read.graph, { nodeThreshold, edgeThreshold });
    assertEquals(model.prune(nodeThreshold, edgeThreshold), { nodes, edges });
    assert(edges.length > (nodeThreshold < 0.5 ? 2 : 40), `${edges.length}`);
  }
  const row = 3 * read.graph.columns;
  assertEquals(model.edge(3, model.firstBias + 1), read.graph.edges[row + read.graph.columns - 1]);
});

Deno.test("a part of a graph prunes as the whole one does, up to the threshold that it names", () => {
  const read = madeUpGraph({ perCell: 5 }), { graph } = read;
  const page = embedded(pageGraph(read, 30)), model = graphModel(page);
  const most = model.mostThreshold, K = graph.activations.length;
  assert(model.K >= 30 && model.K < K && most > 0.5 && most < 1, `${model.K} ${most}`);
  const numberOf = new Map(
    Array.from({ length: K }, (_, i) => [[...graph.features.subarray(3 * i, 3 * i + 3)].join(), i]),
  );
  const whole = (node: number) =>
    node < model.K
      ? numberOf.get([...model.graph.features.subarray(3 * node, 3 * node + 3)].join())!
      : node - model.K + K;
  for (const nodeThreshold of [0.4, most]) {
    const found = model.prune(nodeThreshold, 0.95);
    const expected = pruneGraph(graph, { nodeThreshold, edgeThreshold: 0.95 });
    assertEquals(Array.from(found.edges, whole), Array.from(expected.edges));
    assertEquals(found.nodes.reduce((a, b) => a + b), expected.nodes.reduce((a, b) => a + b));
    const inside = subgraphScores(model.graph, found.nodes);
    const scores = subgraphScores({ ...graph, features: graph.features }, expected.nodes);
    assertAlmostEquals(inside.replacement, scores.replacement, 1e-6);
    assertAlmostEquals(inside.completeness, scores.completeness, 1e-6);
  }
  assertEquals(model.scores, graphScores(graph));
  const sizes = inputSizes(graph), shares = cumulativeShares(influence(graph));
  for (const node of [0, 7, model.firstTarget]) {
    const row = node < model.K ? node : model.K + node - model.firstTarget;
    const of = whole(node), from = of < K ? of : K + node - model.firstTarget;
    assertEquals(model.sizes[row], sizes[from]);
    assertAlmostEquals(model.shares[node], shares[of], 1e-9);
  }
});

Deno.test("the command reads what the library writes, exactly, and a pruned file by its links", async () => {
  const { model, coders, tokens } = graphCase("GPT-NeoX, bare");
  const run = await linearRun(model, coders, tokens);
  const graph = await attributionGraph(run, await logitTargets(run, { most: 2 }));
  const pruned = pruneGraph(graph), folder = await Deno.makeTempDir();
  const tokenTexts = tokens.map((token) => ` t${token}`);
  await writeGraph(join(folder, "exact/one"), graph, pruned, {
    prompt: "p",
    tokenTexts,
    settings: { model: "m", step: 1000, node_threshold: 0.7, edge_threshold: 0.9 },
    scores: graphScores(graph),
  });
  const json = neuronpediaGraph(graph, pruned, {
    slug: "one",
    scan: "m",
    tokens: tokenTexts,
    tokenText: (token) => ` t${token}`,
    vocabulary: model.config.vocabSize,
    pruning: { nodeThreshold: 0.7, edgeThreshold: 0.9 },
  });
  model.close();
  const [feature] = json.nodes;
  json.qParams.pinnedIds = [feature.node_id];
  await Deno.writeTextFile(join(folder, "one.json"), JSON.stringify(json));
  const [exact] = await readGraphs([folder]);
  const { graph: expected } = await readGraph(join(folder, "exact/one"));
  assertEquals(exact.graph.edges, expected.edges);
  assertEquals(exact.graph.features, expected.features);
  assertEquals(exact.values, [...expected.values]);
  assertEquals(exact.thresholds, { node: 0.7, edge: 0.9 });
  assertEquals(exact.about, "m, step 1,000");
  assertEquals(exact.marks?.pinnedIds, [feature.node_id]);

  await Deno.remove(join(folder, "exact"), { recursive: true });
  const [{ slug }, again] = await readGraphs([folder, join(folder, "one.json")]);
  assertEquals([slug, again.slug], ["one", "one (2)"]);
  const of = graphModel(embedded(pageGraph(again, 1000)));
  const { edges } = of.prune(1, 1);
  const links = Array.from({ length: edges.length / 2 }, (_, e) => {
    const [target, source] = edges.subarray(2 * e, 2 * e + 2);
    return [of.nodes[target].kind, of.nodes[source].id, of.edge(target, source)].join();
  });
  const kept = Array.from({ length: pruned.edges.length / 2 }, (_, e) => {
    const [target, source] = pruned.edges.subarray(2 * e, 2 * e + 2), K = graph.activations.length;
    const n = tokens.length, at = source - K;
    const id = source < K
      ? `${graph.features[3 * source]}_${graph.features[3 * source + 2]}_${
        graph.features[3 * source + 1]
      }`
      : at < graph.layers * n
      ? `ERR_${Math.floor(at / n)}_${at % n}`
      : `E_${tokens[at % n]}_${at % n}`;
    const row = target < K ? target : K + target - K - (graph.layers + 1) * n;
    return [target < K ? "feature" : "target", id, graph.edges[row * graph.columns + source]]
      .join();
  });
  assertEquals(links.sort(), kept.sort());

  assertThrows(
    () =>
      prunedGraph(
        { ...json, links: [{ source: feature.node_id, target: "9_9_9", weight: 1 }] },
        "f",
      ),
    UserError,
    "9_9_9",
  );
  await Deno.writeTextFile(join(folder, "one.json"), '{"metadata": {}}');
  await assertRejects(() => readGraphs([folder]), UserError, "one.json: metadata.slug");
  await Deno.remove(join(folder, "one.json"));
  await assertRejects(() => readGraphs([folder]), UserError, "does not have attribution graphs");
  await assertRejects(
    () => readGraphs([join(folder, "no.json")]),
    UserError,
    "no.json does not exist",
  );
  await Deno.remove(folder, { recursive: true });
});
