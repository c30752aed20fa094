/** Tests the page of attribution graphs in a browser with hostile tokens, at several widths, and with ten thousand edges. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { influence, pruneGraph, subgraphScores } from "../../utils/graphs/mod.ts";
import { browserTest, waitForAddress, withPage } from "../testing/browser.ts";
import { HOSTILE_TOKENS, madeUpGraph } from "../testing/made_up_graph.ts";
import { buildGraphPage } from "./page.ts";
import type { ReadGraph } from "./page_graph.ts";

for (const [width, dark] of [[800, true], [2560, false]] as const) {
  browserTest(
    `graph page: hostile tokens stay text, ${width} pixels, ${dark ? "dark" : "light"}`,
    () => {
      const read = madeUpGraph({ tokens: HOSTILE_TOKENS });
      return withPage(buildGraphPage([read]), async ({ page, errors, requests }) => {
        const text = await page.textContent("#prompt");
        assertStringIncludes(text!, "</script><script>alert(1)</script>");
        assertStringIncludes(text!, "‹U+202E›evil␀␇");
        assertEquals(await page.locator("#page img, #page script").count(), 0);
        assert(
          await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
          "the page scrolls sideways",
        );
        const first = `${read.graph.features[0]}.${read.graph.features[2]}`;
        await page.fill("#search", first);
        assertStringIncludes((await page.textContent(".logits"))!, "<i>up");
        await page.click("#pin-shown");
        const [svg] = await Promise.all([page.waitForEvent("download"), page.click("#save-svg")]);
        const picture = await Deno.readTextFile(await svg.path());
        assert(!picture.includes("class=") && picture.includes("<path"));
        assertStringIncludes(picture, "lowers, dashed");
        const [png] = await Promise.all([
          page.waitForEvent("download"),
          page.click("#save-subgraph-png"),
        ]);
        assertEquals([...(await Deno.readFile(await png.path())).subarray(1, 4)], [
          0x50,
          0x4e,
          0x47,
        ]);
        const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assertEquals(paper, dark ? "rgb(19, 21, 25)" : "rgb(252, 252, 250)");
        assertEquals(errors, []);
        assertEquals(requests, []);
      }, { width, dark });
    },
  );
}

browserTest("graph page: the browser keeps a reader's labels, but not those of a link", () => {
  const read = madeUpGraph(), html = buildGraphPage([read]);
  const [layer, position, feature] = read.graph.features;
  const id = `${layer}_${feature}_${position}`;
  return withPage(html, async ({ page, errors }) => {
    const labels = () =>
      page.evaluate(() => {
        const texts = [
          ...document.querySelectorAll<SVGElement>(".node.extra .label, .label.always"),
        ];
        return texts.map((text) => text.textContent!).filter((text) => text.startsWith("of "));
      });
    const file = page.url().replace(/#.*/, "");
    const open = async (hash: string) => {
      await page.goto("about:blank");
      await page.goto(`${file}#${hash}`);
      await page.waitForSelector("#kept:not(:empty)");
    };
    await page.waitForSelector("#kept:not(:empty)");
    await page.fill("#search", `${layer}.${feature}`);
    await page.fill("#node-card .label-input", "of the reader");
    await page.keyboard.press("Tab");
    assertEquals(await labels(), ["of the reader"]);
    await open("");
    await page.waitForSelector("text=of the reader", { state: "attached" });
    assertEquals(await labels(), ["of the reader"]);
    const link = new URLSearchParams({ clerps: JSON.stringify([[id, "of a link"]]) });
    await open(String(link));
    assertEquals(await labels(), ["of a link"]);
    await open(`pruningThreshold=1`);
    await page.waitForSelector("text=of the reader", { state: "attached" });
    assertEquals(await labels(), ["of the reader"]);
    assertEquals(errors, []);
  }, { hash: "#pruningThreshold=1" });
});

browserTest(
  "graph page: a second graph has its own scores, follows, and a click makes it the first",
  () => {
    const first = madeUpGraph(), second = madeUpGraph({ slug: "second", perCell: 2 });
    return withPage(buildGraphPage([first, second]), async ({ page, errors }) => {
      await page.selectOption("#compare", "1");
      await waitForAddress(page, "compare=second");
      const shownBy = ({ graph }: ReadGraph) => {
        const linked = new Set(
          pruneGraph(graph, { nodeThreshold: 0.8, edgeThreshold: 0.98 }).edges,
        );
        const inside = Uint8Array.from(graph.activations, (_, i) => Number(linked.has(i)));
        const names = [...inside].flatMap((is, i) =>
          is ? [`${graph.features[3 * i]}.${graph.features[3 * i + 2]}`] : []
        );
        return { names: new Set(names), scores: subgraphScores(graph, inside) };
      };
      const [a, b] = [shownBy(first), shownBy(second)];
      const both = [...a.names].filter((name) => b.names.has(name));
      assertEquals(
        await page.textContent("#other-title"),
        `second: replacement ${b.scores.replacement.toFixed(3)}, completeness ${
          b.scores.completeness.toFixed(3)
        }; both show ${both.length} of ${a.names.size} and ${b.names.size} distinct features`,
      );
      await page.hover('#graph .node[data-node="E_13_3"]');
      assertEquals(
        await page.locator("#other-graph .node.lit").getAttribute("data-node"),
        "E_13_3",
      );
      const node = page.locator("#other-graph .node.feature").first();
      const id = await node.getAttribute("data-node");
      await node.focus();
      await page.keyboard.press("ArrowDown");
      assert(
        await page.evaluate(() =>
          document.activeElement!.closest("#other-graph .node.token") !== null
        ),
      );
      await node.click();
      await waitForAddress(page, "slug=second");
      const parts = new URLSearchParams(page.url().split("#")[1]);
      assertEquals(
        [parts.get("slug"), parts.get("compare"), parts.get("clickedId")],
        ["second", "made-up", id],
      );
      assertEquals(await page.locator("#graph .node.clicked").getAttribute("data-node"), id);
      await page.reload();
      assertEquals(await page.locator("#other-graph .node").count() > 0, true);
      await page.selectOption("#compare", "");
      assertEquals(await page.locator("#other").isHidden(), true);
      assertEquals(errors, []);
    }, { width: 1500 });
  },
);

browserTest("graph page: ten thousand edges zoom and pan without errors", () => {
  const read = madeUpGraph({
    layers: 4,
    tokens: " abcdefghij".split("").map((c) => ` ${c}`),
    perCell: 5,
  });
  return withPage(buildGraphPage([read]), async ({ page, errors }) => {
    assert(influence(read.graph).length > 250);
    const counts = (await page.textContent("#hidden"))!;
    const edges = Number(/ ([\d,]+) of [\d,]+ edges/.exec(counts)![1].replace(",", ""));
    assert(edges > 10_000, counts);
    // the weakest edges arrive frame by frame
    await page.waitForTimeout(1000);
    const ink = () =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>("#graph-box canvas")!;
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        return data.reduce((sum, value, i) => i % 4 === 3 && value > 0 ? sum + 1 : sum, 0);
      });
    const shift = () =>
      page.evaluate(() =>
        document.querySelector<HTMLCanvasElement>("#graph-box canvas")!.style.transform
      );
    const before = await ink();
    await page.evaluate(() => {
      const frames: number[] = [];
      Object.assign(globalThis, { frames });
      const note = (time: number) => {
        frames.push(time);
        requestAnimationFrame(note);
      };
      requestAnimationFrame(note);
    });
    const box = (await page.locator("#graph").boundingBox())!;
    await page.mouse.move(box.x + 300, box.y + 60);
    await page.mouse.down();
    for (let i = 0; i < 40; i++) await page.mouse.move(box.x + 300 + i, box.y + 60 + i / 4);
    const gaps = await page.evaluate(() => {
      const { frames } = globalThis as unknown as { frames: number[] };
      return frames.slice(1).map((time, i) => time - frames[i]).sort((a, b) => a - b);
    });
    await page.mouse.up();
    await page.waitForFunction(() =>
      document.querySelector<HTMLCanvasElement>("#graph-box canvas")!.style.transform === ""
    );
    await page.waitForTimeout(1000);
    const after = await ink();
    assert(before > 10_000 && Math.abs(after / before - 1) < 0.2, `${before} ${after}`);
    assertEquals(await shift(), "");
    console.log(
      `${edges} edges: frames of ${gaps[gaps.length >> 1].toFixed(0)} ms, 95 % within ${
        gaps[Math.floor(0.95 * gaps.length)].toFixed(0)
      } ms`,
    );
    assertEquals(errors, []);
  }, { hash: "#pruningThreshold=1&edgeThreshold=1" });
});
