import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { browserTest, waitForAddress, withPage } from "../testing/browser.ts";
import { formingDashboards, formingRuns } from "../testing/forming_features.ts";
import { buildFeatureExplorer } from "./page.ts";

/** Reads what a picture shows. */
function drawn(id: string) {
  const labels = (selector: string) =>
    [...document.querySelectorAll<SVGElement>(`#${id} ${selector}`)]
      .map((e) => e.getAttribute("aria-label")!).sort();
  return {
    inside: labels(".node.in"),
    born: labels(".node.in.born"),
    outside: labels(".node.out"),
    unborn: labels(".node.unborn").length,
    edges: document.querySelectorAll(`#${id} .edge`).length,
    lit: document.querySelectorAll(`#${id} .edge.lit`).length,
  };
}

browserTest(
  "feature explorer: each step shows exactly its circuit, births and ages, without requests",
  async () => {
    const html = buildFeatureExplorer(await formingRuns());
    await withPage(html, async ({ page, errors, requests }) => {
      assertEquals(await page.textContent("#title"), "How nano learns subject–verb agreement");
      assertEquals(await page.evaluate(drawn, "graph-a"), {
        inside: ["0.2 at start", "1.7 at END", "1.9 at END"],
        ...{ born: ["1.9 at END"], outside: ["L1 error at END"], unborn: 0, edges: 3, lit: 0 },
      });
      await page.keyboard.press("ArrowLeft");
      assertEquals(await page.evaluate(drawn, "graph-a"), {
        inside: ["0.1 at start", "1.7 at END", "L1 error at END"],
        ...{ born: ["1.7 at END"], outside: [], unborn: 1, edges: 2, lit: 0 },
      });
      assertEquals(await page.locator("#graph-a .edge.negative").count(), 1);
      await page.keyboard.press("Home");
      const cannot = page.locator("#graph-a .cannot");
      assertStringIncludes((await cannot.textContent())!, "cannot do the task at step 10");
      assert(await cannot.isVisible() && await page.locator(".graph-box.hatched").count() === 1);
      assertEquals(await page.locator("#slider-ticks u").count(), 1);
      assertEquals((await page.evaluate(drawn, "graph-a")).inside, []);
      await page.keyboard.press(" ");
      await page.waitForFunction(() => document.getElementById("step")!.textContent === "40");
      const age = (id: string) =>
        page.locator(`#graph-a .edge[data-id="${id}"]`).evaluate((e) =>
          /age-\d/.exec(e.getAttribute("class")!)![0]
        );
      const ids = await page.locator("#graph-a .edge").evaluateAll((all) =>
        all.map((e) => (e as SVGElement).dataset.id!)
      );
      // of three checkpoints, two edges are listed since the second
      assertEquals((await Promise.all(ids.map(age))).sort(), ["age-0", "age-4", "age-4"]);
      const chart = page.locator("#chart-size svg");
      await chart.click({ position: { x: 54, y: 60 } });
      assertEquals(await page.textContent("#step"), "10");
      assertEquals([errors, requests], [[], []]);
    }, { hash: "#run=nano/sva/main" });
  },
);

browserTest(
  "feature explorer: a click shows a feature's history, an edge its birth, and the address restores it",
  async () => {
    const html = buildFeatureExplorer(await formingRuns());
    let hash = "";
    await withPage(html, async ({ page, errors }) => {
      // the page starts before the browser has read the other runs
      const [usable, read] = await page.evaluate(() => {
        const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
        return [performance.getEntriesByName("usable")[0].startTime, page.domInteractive];
      });
      assert(usable < read, `usable at ${usable} ms, read at ${read} ms`);
      await page.locator('#graph-a .node[aria-label="1.7 at END"]').click();
      const panel = page.locator("#panel");
      const text = (await panel.textContent())!;
      assertStringIncludes(text, "1.7 at END");
      assertStringIncludes(text, "−0.400 [−0.500, −0.300]");
      assertStringIncludes(text, "0.6 at END");
      await page.mouse.move(2, 2);
      assertEquals((await page.evaluate(drawn, "graph-a")).lit, 2);
      await panel.locator('[data-pin*=">"]').first().click();
      assertStringIncludes((await panel.textContent())!, "Born at step 20");
      await waitForAddress(page, "pin=0.0.2@40>1.1.7@40");
      hash = new URL(page.url()).hash;
      await page.keyboard.press("Escape");
      assertStringIncludes((await panel.textContent())!, "Step 40");
      await page.fill("#search", "1.9");
      assertStringIncludes((await panel.textContent())!, "0.100 [0, 0.200]");
      // the strongest edge is drawn, and those of the pinned feature, however weak
      await page.fill("#top", "0");
      const { edges, lit } = await page.evaluate(drawn, "graph-a");
      assertEquals([edges, lit], [2, 1]);
      await page.fill("#top", "100");
      await page.fill("#search", "");
      await page.hover('#graph-a .node[aria-label="0.2 at start"]');
      assertStringIncludes((await page.textContent("#tooltip"))!, "presence in its layer");
      assertEquals((await page.evaluate(drawn, "graph-a")).lit, 2);
      await page.locator('#graph-a .node[aria-label="0.2 at start"]').focus();
      await page.keyboard.press("Enter");
      assertStringIncludes((await panel.textContent())!, "token at start");
      assertEquals(errors, []);
    });
    await withPage(html, async ({ page, errors }) => {
      assertStringIncludes((await page.textContent("#panel"))!, "Born at step 20");
      assertEquals(errors, []);
    }, { hash });
  },
);

browserTest(
  "feature explorer: a feature's dashboard through time, its drift, and the heads of an edge",
  async () => {
    const html = buildFeatureExplorer(await formingRuns(), formingDashboards());
    await withPage(html, async ({ page, errors, requests }) => {
      await page.waitForFunction(() => document.readyState === "complete");
      await page.locator('#graph-a .node[aria-label="0.2 at start"]').click();
      const rows = page.locator("#through .row");
      await rows.nth(2).waitFor();
      const texts = await rows.allTextContents();
      assertStringIncludes(texts[0], "step 10");
      assertStringIncludes(texts[0], "No dashboard of this checkpoint");
      assertEquals(await page.locator("#through .row .peak").allTextContents(), [" Mary", " gave"]);
      assertStringIncludes(texts[1], "with the last checkpoint0.750");
      assertStringIncludes(texts[2], "F1 0.02 [−0.08, 0.12], random coder 0.20");
      assertEquals(await page.locator("#through .row.now").getAttribute("data-row"), "2");
      assertEquals(await page.locator("#through .drift .timeline").count(), 3);
      assertEquals(await page.locator("#panel .fires .peak").textContent(), " gave");
      await page.keyboard.press("ArrowLeft");
      await page.waitForFunction(() =>
        document.querySelector("#through .card-step")?.textContent?.includes("step 20") &&
        document.querySelector("#through .row.now")?.getAttribute("data-row") === "1" &&
        document.querySelector("#panel .fires .peak")?.textContent === " Mary"
      );
      await rows.nth(0).locator(".step").click();
      await page.waitForFunction(() => document.getElementById("step")!.textContent === "10");
      await page.keyboard.press("End");
      // the token of its examples is markup
      await page.locator('#graph-a .node[aria-label="1.7 at END"]').click();
      await page.waitForFunction(() =>
        document.querySelector("#through .row .peak")?.textContent?.includes("</script>")
      );
      assertEquals(await page.locator("img").count(), 0);
      await page.locator('#panel [data-pin*=">"]').first().click();
      await page.waitForFunction(() =>
        document.getElementById("panel")!.textContent!.includes("How it passes")
      );
      assert(!await page.isVisible("#through"));
      const panel = (await page.textContent("#panel"))!;
      assertStringIncludes(panel, "a0.h1");
      assertStringIncludes(panel, "a0.h1 70 %");
      assertStringIncludes(panel, "other heads");
      assertEquals([errors, requests], [[], []]);
    });
  },
);

browserTest(
  "feature explorer: compares two checkpoints, and circuits of two sets by cell",
  async () => {
    const html = buildFeatureExplorer(await formingRuns());
    await withPage(html, async ({ page, errors }) => {
      await page.keyboard.press("c");
      const counts = () => page.locator(".counts td").allTextContents();
      assertEquals(await counts(), ["1", "2", "1", "1", "2", "0"]);
      assertEquals(await page.locator("#graph-a .node.only").count(), 1);
      assertEquals(await page.locator("#graph-b .node.only").count(), 1);
      assertEquals(await page.locator("#graph-b .edge.shared").count(), 2);
      await page.selectOption("#other-run", "2");
      assertStringIncludes((await page.textContent("#panel"))!, "have no match one by one");
      await waitForAddress(page, "with=nano/sva/seed1@40");
      // circuits of two runs move together, until one of them is chosen by hand
      await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      await page.keyboard.press("ArrowLeft");
      await waitForAddress(page, "with=nano/sva/seed1@20");
      await page.selectOption("#other-step", "2");
      await waitForAddress(page, "together=no");
      await page.click("#together");
      await waitForAddress(page, "with=nano/sva/seed1@20");
      await page.locator("#slider").focus();
      await page.keyboard.press("End");
      await waitForAddress(page, "with=nano/sva/seed1@40");
      await page.selectOption("#task", "ioi");
      await waitForAddress(page, "run=nano/ioi/main");
      assertStringIncludes((await page.textContent("#title"))!, "indirect object");
      await page.click("#compare");
      assert(!await page.isVisible("#graph-b"));
      assertEquals(errors, []);
    });
  },
);

browserTest(
  "feature explorer: draws tokens on demand, counts what is hidden, and saves its picture",
  async () => {
    const html = buildFeatureExplorer(await formingRuns());
    await withPage(html, async ({ page, errors }) => {
      assertStringIncludes(
        (await page.textContent("#hidden-count"))!,
        "Hidden: 1 edge from tokens.",
      );
      await page.click("#tokens");
      assertEquals((await page.evaluate(drawn, "graph-a")).edges, 4);
      await page.click("#outside");
      assertStringIncludes(
        (await page.textContent("#hidden-count"))!,
        "1 mark outside the circuit",
      );
      const save = async (id: string) => {
        const [download] = await Promise.all([page.waitForEvent("download"), page.click(id)]);
        return await Deno.readFile(await download.path());
      };
      const text = new TextDecoder();
      const picture = text.decode(await save("#save-svg"));
      assert(
        picture.startsWith("<svg") && !picture.includes("var(--") && !picture.includes("class="),
      );
      assertMatch(picture, />[^<]+, step 40<.*>3 nodes, faithfulness \d+ %\./);
      assertEquals([...(await save("#save-png")).slice(1, 4)], [80, 78, 71]);
      const saved = JSON.parse(text.decode(await save("#save-json")));
      assertEquals(saved.nodes.map(({ name }: { name: string }) => name), [
        "0.2 at start",
        "1.7 at END",
        "1.9 at END",
      ]);
      assertEquals(saved.edges.map((e: { listed_since: number }) => e.listed_since), [20, 40, 20]);
      assertEquals(errors, []);
    }, { hash: "#top=50&outside=yes" });
  },
);
