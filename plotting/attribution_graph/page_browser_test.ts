/** Tests the page of attribution graphs in a browser. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { neuronpediaSchema } from "../../utils/results/mod.ts";
import {
  graphScores,
  pruneGraph,
  randomSubgraphScores,
  subgraphScores,
} from "../../utils/graphs/mod.ts";
import { browserTest, waitForAddress, withPage } from "../testing/browser.ts";
import { madeUpGraph } from "../testing/made_up_graph.ts";
import { graphModel } from "./client/page_model.ts";
import { buildGraphPage } from "./page.ts";
import { pageGraph, type ReadGraph } from "./page_graph.ts";

/** Reads what the page shows. */
function seen() {
  const ids = (selector: string) =>
    [...document.querySelectorAll<SVGElement>(`#graph-box ${selector}`)].map((e) => e.dataset.node!)
      .sort();
  const text = (selector: string) => document.querySelector(selector)?.textContent ?? null;
  return {
    features: ids(".node.feature"),
    biases: ids(".node.bias").length,
    near: ids(".node.near"),
    pinned: ids(".node.pinned"),
    clicked: ids(".node.clicked"),
    scores: [...document.querySelectorAll("#scores td:not(:empty)")].map((e) => e.textContent),
    hidden: text("#hidden"),
    tooltip: text("#tooltip.shown strong"),
    card: text("#node-card h2"),
    items: [...document.querySelectorAll("#subgraph .item text")].map((e) => e.textContent),
    groups: [...document.querySelectorAll<HTMLInputElement>("#group-list input")].map((e) =>
      e.value
    ),
  };
}

/** Returns the ids of the features that pruning keeps and links, and the numbers of edges at a node. */
function expected({ graph }: ReadGraph, nodeThreshold: number, edgeThreshold: number) {
  const pruned = pruneGraph(graph, { nodeThreshold, edgeThreshold });
  const linked = new Set(pruned.edges), K = graph.activations.length;
  const kept = Array.from({ length: K }, (_, i) => i).filter((i) => linked.has(i));
  const id = (i: number) => {
    const [layer, position, feature] = graph.features.subarray(3 * i, 3 * i + 3);
    return `${layer}_${feature}_${position}`;
  };
  return { pruned, kept, ids: kept.map(id).sort() };
}

const slide = (page: Page, id: string, share: number) =>
  page.fill(`#${id}`, String(Math.round(200 * (1 - Math.sqrt(1 - share)))));

browserTest(
  "graph page: shows the nodes that the library keeps, with its scores, and counts the rest",
  () => {
    const read = madeUpGraph({ perCell: 4 });
    return withPage(buildGraphPage([read]), async ({ page, errors, requests }) => {
      const K = read.graph.activations.length;
      for (const [nodes, edges] of [[0.8, 0.98], [0.36, 0.75], [1, 1]]) {
        await slide(page, "node-threshold", nodes);
        await slide(page, "edge-threshold", edges);
        const set = await page.waitForFunction((wanted) => {
          const parts = new URLSearchParams(location.hash.slice(1));
          const found = [
            Number(parts.get("pruningThreshold") ?? "0.8"),
            Number(parts.get("edgeThreshold") ?? "0.98"),
          ];
          return found.every((value, i) => Math.abs(value - wanted[i]) < 0.006) && found;
        }, [nodes, edges]);
        const [n, e] = (await set.jsonValue()) as number[];
        const { kept, ids, pruned } = expected(read, n, e);
        const page_ = await page.evaluate(seen);
        assertEquals(page_.features, ids);
        const inside = new Uint8Array(K);
        kept.forEach((i) => inside[i] = 1);
        const columns = [
          subgraphScores(read.graph, inside),
          randomSubgraphScores(read.graph, kept.length),
          graphScores(read.graph),
        ];
        assertEquals(
          page_.scores,
          [
            ...columns.map((s) => s.replacement.toFixed(3)),
            ...columns.map((s) => s.completeness.toFixed(3)),
          ],
        );
        assertStringIncludes(page_.hidden!, `${kept.length} of ${K} features`);
        assertStringIncludes(
          page_.hidden!,
          `${(pruned.edges.length / 2).toLocaleString("en-US")} of `,
        );
      }
      assertEquals(errors, []);
      assertEquals(requests, []);
    });
  },
);

browserTest(
  "graph page: hover shows the ends of a node's edges, a click its inputs, which add up",
  () => {
    const read = madeUpGraph(), model = graphModel(pageGraph(read, 1000));
    return withPage(buildGraphPage([read]), async ({ page, errors }) => {
      const { pruned, kept } = expected(read, 0.8, 0.98);
      const node = model.nodes[kept.at(-1)!];
      await page.hover(`.node[data-node="${node.id}"]`);
      const ends = new Set([node.id]);
      for (let i = 0; i < pruned.edges.length; i += 2) {
        const pair = [pruned.edges[i], pruned.edges[i + 1]];
        if (pair.includes(node.node)) pair.forEach((other) => ends.add(model.nodes[other].id));
      }
      for (let b = model.firstBias; b < model.nodes.length; b++) {
        if (model.edge(node.node, b) !== 0) ends.add(model.nodes[b].id);
      }
      const hovered = await page.evaluate(seen);
      assertEquals(hovered.near, [...ends].sort());
      assertStringIncludes(
        hovered.tooltip!,
        `Feature ${node.layer}.${node.index} at ${node.position}`,
      );
      await page.click(`.node[data-node="${node.id}"]`);
      const clicked = await page.evaluate(seen);
      assertEquals(clicked.clicked, [node.id]);
      await waitForAddress(page, `clickedId=${node.id}`);
      const rows = await page.locator("#node-card .connections >> nth=0 >> li").count();
      const row = node.node * read.graph.columns;
      const inputs = read.graph.edges.subarray(row, row + read.graph.columns).filter((x) =>
        x !== 0
      );
      assertEquals(rows, Math.min(40, inputs.length));
      const shares = await page.evaluate(() =>
        [...document.querySelector("#node-card .connections ol")!.querySelectorAll(".share")].map((
          e,
        ) => parseFloat(e.textContent!))
      );
      assertAlmostEquals(
        shares.filter((x) => !Number.isNaN(x)).reduce((a, b) => a + b, 0),
        100,
        rows,
      );
      await page.click('.node[data-node="target_0"]');
      await page.click(".head-switch button");
      const split = await page.locator(".split").first().textContent();
      assertEquals(split, "direct +0.500head 1.0 −0.250other +0.125");
      await page.keyboard.press("Escape");
      assertEquals((await page.evaluate(seen)).card, null);
      assertEquals(errors, []);
    });
  },
);

browserTest(
  "graph page: pins, groups and labels make a subgraph, and survive a reload and the JSON",
  () => {
    const read = madeUpGraph();
    return withPage(
      buildGraphPage([read, madeUpGraph({ slug: "second", perCell: 2 })]),
      async ({ page, errors }) => {
        const { ids } = expected(read, 0.8, 0.98);
        await page.click(`.node[data-node="${ids[0]}"]`, { modifiers: ["Shift"] });
        await page.focus(`.node[data-node="${ids[1]}"]`);
        await page.keyboard.press("p");
        assertEquals((await page.evaluate(seen)).pinned, [ids[0], ids[1]].sort());
        await page.click("#pin-shown");
        assertEquals((await page.evaluate(seen)).pinned, ids);
        await page.fill("#group-count", "3");
        await page.click("#group-auto");
        const grouped = await page.evaluate(seen);
        assert(grouped.groups.length > 0 && grouped.groups.length <= 3);
        const scores = await page.locator("#subgraph-scores td:not(:empty)").allTextContents();
        const inside = new Uint8Array(read.graph.activations.length);
        expected(read, 0.8, 0.98).kept.forEach((i) => inside[i] = 1);
        assertEquals(scores[0], subgraphScores(read.graph, inside).replacement.toFixed(3));
        assertEquals(scores.length, 6);
        await page.fill("#group-list input >> nth=0", "<i>named</i>");
        await page.keyboard.press("Tab");
        await page.click(`.node[data-node="${ids[2]}"]`);
        await page.fill("#node-card .label-input", "my label");
        await page.keyboard.press("Tab");
        const before = await page.evaluate(seen);
        assertEquals(before.groups[0], "<i>named</i>");
        assert(
          before.items.some((text) => text!.startsWith("<i>named</i> (")),
          before.items.join(),
        );

        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.click("#save-json"),
        ]);
        const path = await download.path();
        const json = neuronpediaSchema.parse(JSON.parse(await Deno.readTextFile(path)));
        assertEquals(json.qParams.pinnedIds.length, ids.length);
        assertEquals(json.qParams.supernodes[0][0], "<i>named</i>");

        await waitForAddress(page, "my+label");
        await page.reload();
        assertEquals(await page.evaluate(seen), { ...before, tooltip: null });
        await page.click("#unpin-all");
        assertEquals((await page.evaluate(seen)).items, []);
        await page.setInputFiles("#load-file", path);
        await page.waitForFunction(() => document.getElementById("loaded")!.textContent !== "");
        const after = await page.evaluate(seen);
        assertEquals([after.pinned, after.groups, after.items], [
          before.pinned,
          before.groups,
          before.items,
        ]);
        await page.selectOption("#graphs", "1");
        assertEquals((await page.evaluate(seen)).pinned, []);
        await waitForAddress(page, "slug=second");
        await page.selectOption("#graphs", "0");
        assertEquals((await page.evaluate(seen)).pinned, before.pinned);
        assertEquals(errors, []);
      },
    );
  },
);

browserTest("graph page: arrows move the focus, Enter opens, the wheel zooms, 0 fits", () => {
  const read = madeUpGraph();
  return withPage(buildGraphPage([read]), async ({ page, errors }) => {
    const focused = () => page.evaluate(() => (document.activeElement as SVGElement).dataset.node);
    await page.focus('.node[tabindex="0"]');
    assertEquals(await focused(), "target_0");
    await page.keyboard.press("ArrowDown");
    const next = await focused();
    assert(next !== "target_0" && next !== undefined);
    await page.keyboard.press("Enter");
    assertEquals((await page.evaluate(seen)).clicked, [next]);
    assertEquals(await focused(), next);
    await page.keyboard.press("/");
    await page.keyboard.type("c");
    assertStringIncludes((await page.evaluate(seen)).card!, "Token “ c”");
    await page.keyboard.press("Escape");
    const place = () =>
      page.evaluate(() => document.querySelector(".node.token")!.getAttribute("transform"));
    const before = await place();
    const box = (await page.locator("#graph").boundingBox())!;
    await page.mouse.move(box.x + 200, box.y + 200);
    await page.mouse.wheel(0, -300);
    await page.waitForFunction(
      (old) => document.querySelector(".node.token")!.getAttribute("transform") !== old,
      before,
    );
    await waitForAddress(page, "zoom=");
    await page.keyboard.press("0");
    await page.waitForFunction(
      (old) => document.querySelector(".node.token")!.getAttribute("transform") === old,
      before,
    );
    assertEquals(errors, []);
  });
});
