import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { GRAPH_CASES, graphCase } from "../../../tests/support/graph_cases.ts";
import { UserError } from "../../base/mod.ts";
import { answerDifference, featureTarget } from "../graph/mod.ts";
import { linearRun } from "../linear/mod.ts";
import { splitByHead } from "../splits/mod.ts";
import { topContributions } from "./contributions.ts";
import { choosePaths, parseFilter, parseFilters, topEnds } from "./filters.ts";
import {
  directionRoot,
  featureRoot,
  greedyPaths,
  type Path,
  PATH_CAPS,
  targetRoot,
} from "./greedy_paths.ts";
import { nodeBalances, overTokens, pathGraph } from "./path_graph.ts";
import { componentOf, nodeName, type PathNode, pathText } from "./path_node.ts";
import { dot, type PathRun, pathRun, received } from "./path_run.ts";

async function prepare(name: string): Promise<PathRun> {
  const { model, coders, tokens } = graphCase(name);
  return await pathRun(await linearRun(model, coders, tokens));
}

/** The last active feature at the last position. */
function lastFeature({ run: { features: { places, count } } }: PathRun) {
  const [layer, token, feature] = places.subarray(3 * count - 3);
  return { layer, feature, token, index: count - 1 };
}

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

/** Everything that a node receives, and its own constant. */
function total(prepared: PathRun, node: PathNode): number {
  const { direct, heads, skips } = received(prepared, node);
  return sum(direct) + sum(heads.map(sum)) + sum(skips) + node.constant;
}

/** Returns x of values `cap·tanh(x/cap)`. */
const uncapped = (values: Float32Array, cap?: number) =>
  Array.from(values, (x) => cap === undefined ? x : cap * Math.atanh(x / cap));

const ALL = { branches: 1e6, ignoreFirst: false };

for (const name of GRAPH_CASES) {
  Deno.test(`what a node receives adds up to what it gives: ${name}`, async () => {
    const prepared = await prepare(name), { run } = prepared, d = run.model.config.dModel;
    const { layer, feature, token, index } = lastFeature(prepared);
    const root = featureRoot(prepared, layer, feature, token);
    assertAlmostEquals(total(prepared, root), run.features.preActivations[index], 1e-5);
    assertAlmostEquals(root.contribution!, run.features.activations[index], 1e-6);
    const kinds = new Set<string>();
    for (const child of topContributions(prepared, root, ALL)) {
      const { type } = componentOf(child);
      kinds.add(type);
      // The model's own stream, through the child's vector, is what the child gives. The embedding has nothing below it.
      const x = run.streams[child.stage];
      if (type === "embed") continue;
      const gives = dot(child.vector, x, child.token * d) + child.constant;
      assertAlmostEquals(gives, child.contribution!, 1e-5, nodeName(child));
      assertAlmostEquals(total(prepared, child), child.contribution!, 1e-5, nodeName(child));
    }
    assertEquals(kinds.has("skip"), run.coders[0].config.skip);
    run.model.close();
  });

  Deno.test(`heads give what the split of the graph's edges says: ${name}`, async () => {
    const prepared = await prepare(name), { run } = prepared;
    const { layer, feature, token } = lastFeature(prepared);
    const { heads, direct } = received(prepared, featureRoot(prepared, layer, feature, token));
    if (run.coders[0].config.skip) return; // the split's heads also act through linear paths
    const { nHeads: H } = run.model.config, n = run.tokens.length;
    const { parts, columns } = await splitByHead(
      run,
      prepared.rows,
      featureTarget(run, layer, token, feature),
    );
    for (const [l, values] of heads.entries()) {
      for (let h = 0; h < H; h++) {
        const row = 1 + l * H + h;
        const expected = sum(parts.subarray(row * columns, (row + 1) * columns));
        assertAlmostEquals(sum(values.subarray(h * n, (h + 1) * n)), expected, 1e-5);
      }
    }
    const firstBias = prepared.rows.sources.firstBias;
    for (let c = 0; c < firstBias; c++) assertAlmostEquals(direct[c], parts[c], 1e-6);
    run.model.close();
  });

  Deno.test(`the edges of an answer and what they leave out are the logit difference: ${name}`, async () => {
    const prepared = await prepare(name);
    const target = await answerDifference(prepared.run, [3, 4], [5]);
    const root = await targetRoot(prepared.run, target);
    const graph = pathGraph(greedyPaths(prepared, root, { iterations: 1, ...ALL }).flat());
    const [balance] = nodeBalances(prepared, graph);
    const { name: _, contribution, residual: __, ...parts } = balance;
    // Every feature is listed; of the heads as many pairs per layer as there are heads.
    for (const rest of [parts.features, parts.embedding, parts.skips]) {
      assertAlmostEquals(rest, 0, 1e-9);
    }
    assertAlmostEquals(sum(Object.values(parts)), contribution, 2e-5);
    const { data } = await prepared.run.model.logits([[...prepared.run.tokens]], [4]);
    const logits = uncapped(data, prepared.run.model.config.llama?.logitCap);
    assertAlmostEquals(contribution, (logits[3] + logits[4]) / 2 - logits[5], 1e-5);
    prepared.run.model.close();
  });
}

Deno.test("paths go on from their best ends, and a cap holds", async () => {
  const prepared = await prepare("GPT-2, stream");
  const { layer, feature, token } = lastFeature(prepared);
  const root = featureRoot(prepared, layer, feature, token);
  const lists = Object.fromEntries(
    PATH_CAPS.map((cap) => [cap, greedyPaths(prepared, root, { iterations: 3, branches: 4, cap })]),
  );
  for (const cap of PATH_CAPS) {
    for (const [i, list] of lists[cap].entries()) {
      assert(list.length <= 4);
      const ends = list.map((path) => path[path.length - 1].contribution!);
      assertEquals(ends, [...ends].sort((a, b) => b - a));
      for (const path of list) {
        assertEquals(path.length, i + 2);
        // A path of length i + 2 goes on from one that was kept before.
        const before = i === 0 ? [[root]] : lists[cap][i - 1];
        assert(before.some((kept) => kept.every((node, j) => node === path[j])));
        for (let j = 1; j < path.length; j++) {
          const features = path.slice(0, j).filter((node) =>
            componentOf(node).feature !== undefined
          )
            .map(({ contribution }) => contribution!);
          const bound = cap === "last" ? features.at(-1)! : Math.min(...features);
          if (cap !== "none") assert(path[j].contribution! <= bound);
          assertEquals(path[j].capped && cap === "none", false);
        }
      }
    }
  }
  assert(lists.none[2].length > 0 && lists.last.flat(2).some(({ capped }) => capped));
  assertThrows(() => pathGraph(lists.last.flat()), Error, 'cap "none"');
  const first = greedyPaths(prepared, root, { iterations: 1, branches: 50, ignoreFirst: false });
  const isFirst = (path: Path) => componentOf(path[1]).type === "attn" && path[1].token === 0;
  assert(first[0].some(isFirst) && !lists.none[0].some(isFirst));
  prepared.run.model.close();
});

Deno.test("an edge of a graph of paths adds up what its paths give", async () => {
  const prepared = await prepare("GPT-2, folded");
  const { layer, feature, token } = lastFeature(prepared);
  const root = featureRoot(prepared, layer, feature, token);
  const lists = greedyPaths(prepared, root, { iterations: 3, branches: 30 });
  const { edges, nodes } = pathGraph(lists.flat());
  const distinct = new Map(lists.flat().map((path) => [path.map((x) => nodeName(x)).join(), path]));
  for (const { child, parent, weight } of edges) {
    let expected = 0;
    for (const path of distinct.values()) {
      const [before, end] = path.slice(-2);
      if (nodeName(before) === parent && nodeName(end) === child) expected += end.contribution!;
    }
    assertAlmostEquals(weight, expected, 1e-12);
  }
  assert([...nodes.keys()].length < distinct.size, "some node has several parents");
  const all = (list: readonly { weight: number }[]) => sum(list.map(({ weight }) => weight));
  const bare = overTokens({ edges });
  assertAlmostEquals(all(bare), all(edges), 1e-12);
  assert(bare.length < edges.length && bare.every(({ child }) => !child.includes("@")));
  for (const balance of nodeBalances(prepared, { edges, nodes })) {
    const { name: _, edges: listed, errors, ownBias, residual, contribution, ...rest } = balance;
    assertAlmostEquals(contribution - listed - errors - ownBias, residual, 1e-12);
    assertAlmostEquals(sum(Object.values(rest)), residual, 2e-5);
  }
  prepared.run.model.close();
});

Deno.test("a direction is read in the stream after the last layer", async () => {
  const prepared = await prepare("GPT-NeoX, bare"), { run } = prepared;
  const d = run.model.config.dModel;
  const vector = Float32Array.from({ length: d }, (_, i) => Math.sin(i));
  const root = directionRoot(run, vector, 2);
  const stream = run.streams[2 * run.model.config.nLayers];
  assertAlmostEquals(total(prepared, root), dot(vector, stream, 2 * d), 1e-5);
  assertEquals(nodeName(root), "mlp2@2");
  run.model.close();
});

Deno.test("filters hold on the fields that a node has", async () => {
  const prepared = await prepare("GPT-2, stream");
  const { layer, feature, token } = lastFeature(prepared);
  const root = featureRoot(prepared, layer, feature, token);
  const search = (filter: string) =>
    greedyPaths(prepared, root, { iterations: 2, branches: 40, filter: parseFilter(filter) });
  const names = (filter: string) =>
    search(filter).flat().map((path) => nodeName(path[path.length - 1]));
  assert(names("type=attn, layer>=1").every((name) => /^attn[12]\[/.test(name)));
  assert(names("type!=mlp,token<4").every((name) => /^(attn|embed).*@[0-3]$/.test(name)));
  assert(names("head=1").every((name) => name.includes("[1]@")));
  assertEquals(names(""), names(" , "));
  for (const wrong of ["layer", "type>1", "type=mlps", "head=x", "depth=3"]) {
    assertThrows(() => parseFilter(wrong), UserError, `cannot read "${wrong}"`);
  }

  const lists = search("");
  const through = (text: string) => choosePaths(lists, { infix: parseFilters(text) });
  const heads = through("type=mlp <- type=attn");
  assert(heads.length > 0 && heads.length < lists.flat().length);
  const without = choosePaths(lists, { notInfix: parseFilters("type=mlp <- type=attn") });
  assertEquals(heads.length + without.length, lists.flat().length);
  const ends = choosePaths(lists, {
    infix: parseFilters("type=attn"),
    suffix: parseFilters("type=attn <- type=embed"),
  });
  assert(
    ends.length > 0 && ends.every((path) => nodeName(path[path.length - 1]).startsWith("embed")),
  );
  const tops = topEnds(lists, { count: 1e6, token: false });
  const all = sum(lists.flat().map((path) => path[path.length - 1].contribution!));
  assertAlmostEquals(sum(tops.map(({ contribution }) => contribution)), all, 1e-9);
  assertEquals(pathText([root]).split(": ")[0], nodeName(root));
  prepared.run.model.close();
});

Deno.test("a feature that does not exist is named", async () => {
  const prepared = await prepare("GPT-NeoX, bare");
  assertThrows(() => featureRoot(prepared, 3, 0, 0), Error, "layer 3: expected 0 … 2");
  assertThrows(() => featureRoot(prepared, 0, 14, 0), Error, "feature 14: expected 0 … 13");
  assertThrows(() => featureRoot(prepared, 0, 0, 5), Error, "position 5: expected 0 … 4");
  prepared.run.model.close();
});
