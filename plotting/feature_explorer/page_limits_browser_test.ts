import { assert, assertEquals } from "@std/assert";
import { browserTest, withPage } from "../testing/browser.ts";
import { formingDashboards, formingRuns } from "../testing/forming_features.ts";
import { buildFeatureExplorer } from "./page.ts";
import type { FeatureRun } from "./page_data.ts";

const HOSTILE = `</script><img src=x onerror=alert(1)>\u202Eevil\u0000${"x".repeat(10_000)}`;

browserTest(
  "feature explorer: escapes hostile names and fits 800, 1,500 and 2,560 pixels",
  async () => {
    const runs = await formingRuns();
    for (const run of runs) {
      Object.assign(run, {
        task: HOSTILE,
        metric: HOSTILE,
        roles: ["start", HOSTILE],
      });
    }
    const html = buildFeatureExplorer(runs, formingDashboards());
    for (const width of [800, 1500, 2560]) {
      await withPage(html, async ({ page, errors, requests }) => {
        assertEquals(await page.locator("img").count(), 0);
        await page.keyboard.press("c");
        await page.locator("#graph-a .node.in").first().click();
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert(wide <= width, `the page is ${wide} pixels wide in a window of ${width}`);
        assertEquals([errors, requests], [[], []]);
      }, { width, hash: "#step=20" });
    }
  },
);

/** Returns the smallest contrast of text with its background, and that text. */
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
  const html = buildFeatureExplorer(await formingRuns(), formingDashboards());
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
    ...{
      layer: i % 2,
      role: (i >> 1) % 2,
      presence: null,
      inputs: null,
      lastCosines: null,
      similarities: nothing(),
    },
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
      split: null,
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

/** Returns the canvas of a picture that slides: its width and how opaque each pixel is; null if it does not slide. */
function sliding(steps: number[]): { width: number; alpha: number[] } | null {
  const slider = document.getElementById("slider") as HTMLInputElement;
  for (const step of steps) {
    slider.value = String(step);
    slider.dispatchEvent(new Event("input"));
  }
  const canvas = document.querySelector<HTMLCanvasElement>("#graph-a .sliding-canvas.on");
  if (!canvas) return null;
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  return { width: canvas.width, alpha: Array.from(data).filter((_, i) => i % 4 === 3) };
}

/** Returns the middle of each mark of a class. */
function middles(name: string): [number, number][] {
  return [...document.querySelectorAll(`#graph-a .node.${name}`)].map((mark) => {
    const [x, y] = /translate\((\S+) (\S+)\)/.exec(mark.getAttribute("transform")!)!.slice(1);
    return [Math.round(Number(x)), Math.round(Number(y))];
  });
}

browserTest("feature explorer: 500 features slide; the trace says how fast", async () => {
  const html = buildFeatureExplorer([large(await formingRuns())]);
  await withPage(html, async ({ page, errors }) => {
    const open = await page.evaluate(() => performance.getEntriesByName("usable")[0].startTime);
    const trace = await page.context().newCDPSession(page);
    // time that the page's thread computes, so that other programs do not count
    await trace.send("Performance.enable", { timeDomain: "threadTicks" });
    const taskTime = async () =>
      (await trace.send("Performance.getMetrics")).metrics
        .find(({ name }) => name === "TaskDuration")!.value;
    const before = await taskTime();
    const frames = await page.evaluate(slide);
    const perStep = 1000 * (await taskTime() - before) / frames.length;
    await page.waitForFunction(() => !document.querySelector(".sliding"));
    const nodes = await page.locator("#graph-a .node.in").count();
    assert(nodes > 200, `${nodes} features are drawn`);
    assertEquals(await page.locator("#graph-a .edge").count(), 80);
    const canvas = (await page.evaluate(sliding, [1, 2, 3, 4, 5]))!;
    await page.waitForFunction(() => !document.querySelector(".sliding"));
    // the canvas fills the marks of the circuit, as the picture at rest does, and leaves the others empty
    const filled = async (name: string) =>
      (await page.evaluate(middles, name)).map(([x, y]) => canvas.alpha[y * canvas.width + x] > 0);
    assert((await filled("in")).every((is) => is));
    const outside = await filled("out"), empty = outside.filter((is) => !is).length;
    assert(
      outside.length > 20 && empty > 0.6 * outside.length,
      `${empty} of ${outside.length} are empty`,
    );
    console.log(
      `feature explorer: usable at ${open.toFixed(0)} ms; the page's thread computes ` +
        `${perStep.toFixed(1)} ms per step; frames of ${frames[35].toFixed(1)} ms (median), ` +
        `${frames[67].toFixed(1)} ms (95 %)`,
    );
    assertEquals(errors, []);
  });
});
