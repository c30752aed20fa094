import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { browserTest, withPage } from "../testing/browser.ts";
import { formingFeatures, writeFeatures } from "../testing/forming_features.ts";
import { inFolder } from "../testing/small_series.ts";
import { buildFeatureExplorer } from "./page.ts";
import type { FeatureRun } from "./page_data.ts";
import { readFeatureRuns } from "./read.ts";

/** Returns the runs of two tasks, one of them in two sets. */
async function made(change: (files: ReturnType<typeof formingFeatures>) => void = () => {}) {
  let runs: FeatureRun[] = [];
  await inFolder(async (folder) => {
    for (const [task, set] of [["sva", "main"], ["sva", "seed1"], ["ioi", "main"]]) {
      const files = formingFeatures(task, set);
      change(files);
      await writeFeatures(folder, files);
    }
    runs = await readFeatureRuns([folder]);
  });
  return runs;
}

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
    const html = buildFeatureExplorer(await made());
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
      assertEquals(await page.locator("#slider-ticks .unable").count(), 1);
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
    const html = buildFeatureExplorer(await made());
    let hash = "";
    await withPage(html, async ({ page, errors }) => {
      await page.locator('#graph-a .node[aria-label="1.7 at END"] .body').click();
      const panel = page.locator("#panel");
      const text = (await panel.textContent())!;
      assertStringIncludes(text, "1.7 at END");
      assertStringIncludes(text, "−0.400 [−0.500, −0.300]");
      assertStringIncludes(text, "0.6 at END");
      await page.mouse.move(2, 2);
      assertEquals((await page.evaluate(drawn, "graph-a")).lit, 2);
      await panel.locator('[data-pin*=">"]').first().click();
      assertStringIncludes((await panel.textContent())!, "Born at step 20");
      hash = new URL(page.url()).hash;
      assertStringIncludes(decodeURIComponent(hash), "pin=0.0.2@40>1.1.7@40");
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
      await page.hover('#graph-a .node[aria-label="0.2 at start"] .body');
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
  "feature explorer: compares two checkpoints, and circuits of two sets by cell",
  async () => {
    const html = buildFeatureExplorer(await made());
    await withPage(html, async ({ page, errors }) => {
      await page.keyboard.press("c");
      const counts = () => page.locator(".counts td").allTextContents();
      assertEquals(await counts(), ["1", "2", "1", "1", "2", "0"]);
      assertEquals(await page.locator("#graph-a .node.only").count(), 1);
      assertEquals(await page.locator("#graph-b .node.only").count(), 1);
      assertEquals(await page.locator("#graph-b .edge.shared").count(), 2);
      await page.selectOption("#other-run", "2");
      assertStringIncludes((await page.textContent("#panel"))!, "have no match one by one");
      assertStringIncludes(decodeURIComponent(page.url()), "with=nano/sva/seed1@40");
      await page.selectOption("#task", "ioi");
      assertStringIncludes(decodeURIComponent(page.url()), "run=nano/ioi/main");
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
    const html = buildFeatureExplorer(await made());
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

const HOSTILE = `</script><img src=x onerror=alert(1)>\u202Eevil\u0000${"x".repeat(10_000)}`;

browserTest(
  "feature explorer: escapes hostile names and fits 800, 1,500 and 2,560 pixels",
  async () => {
    const runs = await made();
    for (const run of runs) {
      Object.assign(run, {
        task: HOSTILE,
        metric: HOSTILE,
        roles: ["start", HOSTILE],
      });
    }
    const html = buildFeatureExplorer(runs);
    for (const width of [800, 1500, 2560]) {
      await withPage(html, async ({ page, errors, requests }) => {
        assertEquals(await page.locator("img").count(), 0);
        await page.keyboard.press("c");
        await page.locator("#graph-a .node.in .body").first().click();
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert(wide <= width, `the page is ${wide} pixels wide in a window of ${width}`);
        assertEquals([errors, requests], [[], []]);
      }, { width, hash: "#step=20" });
    }
  },
);

/** Returns the smallest contrast of text with what is behind it, and that text. */
function leastContrast(): [number, string] {
  const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
  const paint = (colours: string[]) => {
    brush.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
    }
    const [r, g, b] = [...brush.getImageData(0, 0, 1, 1).data].map((c) => {
      const x = c / 255;
      return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let least: [number, string] = [21, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement!;
    if (!node.textContent!.trim() || /SCRIPT|STYLE|OPTION/.test(element.tagName)) continue;
    if (!element.checkVisibility() || element.closest("#tooltip")) continue;
    const behind: string[] = [];
    for (let e: Element | null = element; e; e = e.parentElement) {
      behind.unshift(getComputedStyle(e).backgroundColor);
    }
    const box = element.closest("g.end")?.querySelector("rect");
    if (box) behind.push(getComputedStyle(box).fill);
    const style = getComputedStyle(element);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [paint(behind), paint([...behind, ink])].sort((x, y) => x - y);
    const contrast = (b + 0.05) / (a + 0.05);
    if (contrast < least[0]) least = [contrast, node.textContent!];
  }
  return least;
}

browserTest("feature explorer: text has contrast AA, light and dark", async () => {
  const html = buildFeatureExplorer(await made());
  for (const dark of [false, true]) {
    await withPage(html, async ({ page, errors }) => {
      assertEquals(await page.getAttribute("html", "data-theme"), dark ? "dark" : "light");
      for (const pin of ["", "&pin=1.1.7@40", "&pin=0.0.2@40>1.1.7@40", "&step=10"]) {
        await page.evaluate((hash) => location.hash = hash, `#with=nano/sva/main@20${pin}`);
        await page.waitForTimeout(50);
        const [contrast, text] = await page.evaluate(leastContrast);
        assert(contrast >= 4.5, `contrast ${contrast.toFixed(2)} of “${text}”, dark: ${dark}`);
      }
      assertEquals(errors, []);
    }, { dark });
  }
});

/** Returns a run of 500 features in 24 checkpoints, 250 of them and 150 edges in each circuit. */
function large([run]: readonly FeatureRun[]): FeatureRun {
  const T = 24, nothing = () => new Array(T).fill(null);
  const slots = Array.from({ length: 500 }, (_, i): FeatureRun["slots"][number] => ({
    ...{ layer: i % 2, role: (i >> 1) % 2, presence: null, inputs: null, similarities: nothing() },
    numbers: Array.from({ length: T }, (_, t) => t >= (i >> 1) % 12 ? i : null),
    cosines: Array.from({ length: T }, (_, t) => t > (i >> 1) % 12 ? Math.cos(i + t) : null),
  }));
  const checkpoints = Array.from({ length: T }, (_, t): FeatureRun["checkpoints"][number] => {
    const nodes = slots.flatMap((_, slot) =>
      (slot >> 1) % 12 <= t && ((slot >> 1) * 7 + t * 3) % 20 < 12
        ? [{ slot, effect: [Math.sin(slot + t), -1, 1] as [number, number, number] }]
        : []
    );
    const below = nodes.filter(({ slot }) => slot % 2 === 0);
    const above = nodes.filter(({ slot }) => slot % 2 === 1);
    const edges = Array.from({ length: 150 }, (_, e) => ({
      source: below[e % below.length].slot,
      target: above[(e * 3 + t) % above.length].slot,
      share: [Math.sin(e), -1, 1] as [number, number, number],
      since: t,
    }));
    const { circuit } = run.checkpoints[2];
    return { ...run.checkpoints[2], step: 100 * (t + 1), circuit: { ...circuit!, nodes, edges } };
  });
  return { ...run, slots, checkpoints, formed: [], transitions: nothing() };
}

/** Slides through all checkpoints, one per frame. Returns the frames' milliseconds, ascending. */
function slide(): Promise<number[]> {
  const slider = document.getElementById("slider") as HTMLInputElement;
  const times: number[] = [];
  return new Promise((resolve) => {
    const step = (time: number) => {
      times.push(time);
      if (times.length > 71) {
        return resolve(times.slice(1).map((t, i) => t - times[i]).sort((a, b) => a - b));
      }
      slider.value = String(times.length % 24);
      slider.dispatchEvent(new Event("input"));
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
}

browserTest("feature explorer: 500 features slide; the trace says how fast", async () => {
  const html = buildFeatureExplorer([large(await made())]);
  await withPage(html, async ({ page, errors }) => {
    const open = await page.evaluate(() => performance.now());
    const trace = await page.context().newCDPSession(page);
    // time that the page's thread computes, so that other programs do not count
    await trace.send("Performance.enable", { timeDomain: "threadTicks" });
    const taskTime = async () =>
      (await trace.send("Performance.getMetrics")).metrics
        .find(({ name }) => name === "TaskDuration")!.value;
    const before = await taskTime();
    const frames = await page.evaluate(slide);
    const perStep = 1000 * (await taskTime() - before) / frames.length;
    const shown = await page.evaluate(drawn, "graph-a");
    assert(shown.inside.length > 200, `${shown.inside.length} features are drawn`);
    assertEquals(shown.edges, 80);
    console.log(
      `feature explorer: open at ${open.toFixed(0)} ms; the page's thread computes ` +
        `${perStep.toFixed(1)} ms per step; frames of ${frames[35].toFixed(1)} ms (median), ` +
        `${frames[67].toFixed(1)} ms (95 %)`,
    );
    assertEquals(errors, []);
  });
});
