import { assert, assertEquals } from "@std/assert";
import { HOSTILE_TOKENS, madeUpGraph } from "../../testing/made_up_graph.ts";
import { pageGraph } from "../page_graph.ts";
import { findNode } from "./controls.ts";
import { placeItems, subgraphOf } from "./groups/items.ts";
import { visibleText } from "./names.ts";
import { graphModel } from "./page_model.ts";
import { nearestEdge } from "./picture/edges.ts";
import { layOut } from "./picture/layout.ts";
import { graphJson, readMarks } from "./save.ts";
import { initialState, readHash, writeHash } from "./state.ts";

const model = graphModel(pageGraph(madeUpGraph(), 1000));
const other = graphModel(pageGraph(madeUpGraph({ slug: "other & more", perCell: 2 }), 1000));
const models = [model, other];

Deno.test("an address keeps the graph, thresholds, pins, groups and labels, and ignores what is impossible", () => {
  const start = initialState(models, 1);
  assertEquals(readHash(models, writeHash(models, start)), start);
  const [a, b, c] = [0, 3, other.firstTarget].map((node) => other.nodes[node].id);
  const state = {
    ...start,
    nodeThreshold: 0.5,
    edgeThreshold: 1,
    clicked: a,
    pins: [c, a, b],
    groups: [{ name: 'x&y="</script>', members: [a, b] }],
    labels: { [b]: "says “hello”, [1]" },
    view: { scale: 2, x: -3.5, y: 10 },
    heads: "split" as const,
    compare: 0,
  };
  assertEquals(readHash(models, writeHash(models, state)), state);
  const broken =
    '#pinnedIds=["no"]&supernodes=[["g","no"]]&clerps={"a":1}&zoom=a,b&pruningThreshold=7&clickedId=z';
  assertEquals(readHash(models, broken), initialState(models, 0));
  assertEquals(readHash(models, "#pinnedIds=[1,2]&supernodes=nonsense").pins, []);
});

Deno.test("hidden characters are shown as signs, and long texts are cut", () => {
  const shown = HOSTILE_TOKENS.map((text) => visibleText(text, 20));
  assertEquals(shown[1], " ‹U+202E›evil␀␇");
  assertEquals(shown[4], "⏎");
  assertEquals([...shown[5]].length, 20);
  assertEquals(visibleText("\u{1f600}".repeat(4), 3), "\u{1f600}\u{1f600}…");
});

Deno.test("nodes do not overlap and stay inside; layers go up, positions to the right", () => {
  const room = { width: 500, height: 400 };
  const { spots, width, height } = layOut(model, model.nodes, room, () => 30, () => 70);
  assert(width >= 500 && height >= 399.99);
  const all = model.nodes.map((node) => ({ node, spot: spots.get(node.node)! }));
  for (const { node, spot } of all) {
    assert(spot.x > 0 && spot.x < width && spot.y > 0 && spot.y < height);
    for (const { node: other, spot: at } of all) {
      if (other.node <= node.node) continue;
      const wide = Math.max(14, (spot.width + at.width) / 2);
      assert(
        Math.abs(spot.x - at.x) > wide - 0.01 || Math.abs(spot.y - at.y) > 14,
        `${node.id} ${other.id}`,
      );
      if (other.layer > node.layer) assert(at.y < spot.y);
      const columns = node.position >= 0 && other.kind !== "target" &&
        other.position > node.position;
      if (columns) assert(at.x > spot.x);
    }
  }
});

Deno.test("the nearest edge is the one under the pointer, within reach", () => {
  const layout = layOut(model, model.nodes, { width: 500, height: 400 }, () => 30, () => 70);
  const edges = [0, 1, 2].map((source) => ({ source, target: model.firstTarget, weight: 1 }));
  const { x, y } = layout.spots.get(1)!;
  assertEquals(nearestEdge(edges, layout, { x, y: y - 9 }, 5), edges[1]);
  assertEquals(nearestEdge(edges, layout, { x: x + 200, y: y + 100 }, 5), undefined);
});

Deno.test("a node is found by its number, position, token and label", () => {
  const { id, layer, index, position } = model.nodes[17];
  assertEquals(findNode(model, {}, `${layer}.${index}`), id);
  assertEquals(findNode(model, {}, `${layer}.${index}@${position}`), id);
  assertEquals(findNode(model, {}, `${layer}.${index}@${position + 1}`), null);
  assertEquals(model.byId.get(findNode(model, {}, " c")!)?.kind, "token");
  assertEquals(findNode(model, { [id]: "Names of people" }, "of people"), id);
  assertEquals(findNode(model, {}, "zzz"), null);
});

Deno.test("the saved JSON has the marks, and reading it gives them back", () => {
  const { edges } = model.prune(0.8, 0.98);
  const error =
    model.nodes.find(({ kind, node }) => kind === "error" && edges.includes(node))?.id ??
      model.nodes[model.K].id;
  const [a, b, target] = [0, 5, model.firstTarget + 1].map((node) => model.nodes[node].id);
  const state = {
    ...initialState(models),
    pins: [a, b, error, target],
    groups: [{ name: "first", members: [a, b] }],
    labels: { [target]: "a name" },
  };
  const json = graphJson(model, state);
  assertEquals(json.qParams.pinnedIds.at(-1), "4_42_3");
  assertEquals(
    json.nodes.filter(({ feature_type }) => feature_type === "logit").map(({ clerp }) => clerp),
    [
      'Output " Mary" (p=0.600)',
      'Output " <b>John" (p=0.300)',
    ],
  );
  const { marks, message } = readMarks(model, JSON.stringify(json), "f.json");
  assertEquals(marks, { pins: state.pins, groups: state.groups, labels: state.labels });
  assertEquals(message, "f.json: 4 pins, 1 groups, 1 labels");
  assertEquals(readMarks(model, "{", "f.json").marks, undefined);
  assertEquals(
    readMarks(model, '{"qParams": {"pinnedIds": [3], "supernodes": []}}', "f").marks,
    undefined,
  );
});

Deno.test("the subgraph has the groups, single pins, targets, and tokens that matter to them", () => {
  const [a, b, c] = [0, 1, 20].map((node) => model.nodes[node].id);
  const state = {
    ...initialState(models),
    pins: [a, b, c],
    groups: [{ name: "two", members: [a, b] }],
  };
  const { items, edges } = subgraphOf(model, state);
  assertEquals(items.slice(0, 4).map(({ members }) => members), [
    [0, 1],
    [20],
    [model.firstTarget],
    [model.firstTarget + 1],
  ]);
  assertEquals(items.slice(4).every(({ layer }) => layer === -1), true);
  for (const { target, source, share } of edges) {
    assert(target < 4 && source !== target && Math.abs(share) <= 1 && Math.abs(share) >= 0.01);
  }
  const { boxes, width } = placeItems(items, 300);
  boxes.forEach((box, i) => {
    assert(box.x - box.width / 2 >= 0 && box.x + box.width / 2 <= width);
    for (const other of boxes.slice(i + 1)) {
      assert(other.y !== box.y || Math.abs(other.x - box.x) >= (other.width + box.width) / 2);
    }
  });
});
