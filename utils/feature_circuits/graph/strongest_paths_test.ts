import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { graphCase } from "../../../tests/support/graph_cases.ts";
import { linearRun } from "../linear/mod.ts";
import { attributionGraph } from "./graph.ts";
import { nodeCount, pruneGraph } from "../../graphs/mod.ts";
import { strongestPaths } from "./strongest_paths.ts";
import { logitTargets } from "./targets.ts";

Deno.test("the strongest paths are those of a search of all, and all weights add up to the targets'", async () => {
  const { model, coders, tokens } = graphCase("GPT-NeoX, MLP input, linear path");
  const run = await linearRun(model, coders, tokens);
  const graph = await attributionGraph(run, await logitTargets(run, { most: 2 }));
  const pruned = pruneGraph(graph, { nodeThreshold: 0.9, edgeThreshold: 0.95 });
  const K = graph.activations.length, sources = nodeCount(graph) - graph.targets.length;
  const into = (node: number) => {
    const found: { source: number; edge: number }[] = [];
    for (let e = 0; e < pruned.edges.length; e += 2) {
      if (pruned.edges[e] !== node) continue;
      const source = pruned.edges[e + 1], row = node < K ? node : K + node - sources;
      found.push({ source, edge: graph.edges[row * graph.columns + source] });
    }
    return found;
  };
  const all: { nodes: number[]; weight: number; sign: number }[] = [];
  const walk = (nodes: number[], weight: number, sign: number) => {
    const end = nodes[nodes.length - 1];
    if (end >= K && end < sources) return void all.push({ nodes, weight, sign });
    const edges = into(end), total = edges.reduce((sum, { edge }) => sum + Math.abs(edge), 0);
    for (const { source, edge } of edges) {
      walk([...nodes, source], weight * Math.abs(edge) / total, sign * Math.sign(edge));
    }
  };
  graph.targets.forEach(({ weight }, t) => walk([sources + t], weight, 1));
  all.sort((a, b) => b.weight - a.weight);
  assert(all.length > 30, `${all.length}`);
  const weights = all.reduce((sum, { weight }) => sum + weight, 0);
  assertAlmostEquals(weights, graph.targets.reduce((sum, { weight }) => sum + weight, 0), 1e-9);

  const found = strongestPaths(graph, pruned, 12);
  assertEquals(found.length, 12);
  found.forEach(({ nodes, weight, sign }, i) => {
    assertAlmostEquals(weight, all[i].weight, 1e-12);
    const same = all.find((path) => path.nodes.join() === nodes.join())!;
    assertEquals(same.sign, sign);
  });
  assertEquals(strongestPaths(graph, pruned, 1e6).length, all.length);
  model.close();
});
