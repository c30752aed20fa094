import { Resvg } from "@resvg/resvg-js";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { edgeName } from "../../utils/names/mod.ts";
import type { CircuitSummary } from "../../utils/results/kinds/circuit_summary.ts";
import { buildExplorer } from "./page.ts";
import { browserTest, waitForAddress, withPage } from "../testing/browser.ts";
import { formingCircuit } from "../testing/forming_circuit.ts";

/** Returns a run whose numbers vary widely in length and whose circuits vary widely in size. */
function unevenRun(): CircuitSummary {
  const summary = formingCircuit({ nLayers: 4, nHeads: 6, mostEdges: 60 });
  summary.checkpoints.forEach((checkpoint, i) => {
    checkpoint.baseline = [-0.00972, 4.19, -1234.5][i % 3];
    checkpoint.faithfulness = [1.67, 0.8, -31.4159][i % 3];
    checkpoint.stability = i % 2 === 0 ? 1 : 0.07;
    if (i % 4 === 0) Object.assign(checkpoint, { circuit: [], nodes: [], edges: 0 });
  });
  return summary;
}

browserTest(
  "explorer: only the circuit moves when the slider moves, at any width",
  async () => {
    const summary = unevenRun();
    for (const width of [1440, 1024, 390]) {
      await withPage(buildExplorer(summary), async ({ page, errors }) => {
        const places = await page.evaluate((steps) => {
          const slider = document.querySelector<HTMLInputElement>("#slider")!;
          const seen = new Set<string>();
          const shown = new Set<string | null>();
          for (let index = 0; index < steps; index++) {
            slider.value = String(index);
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            shown.add(slider.getAttribute("aria-valuetext"));
            seen.add(
              [...document.querySelectorAll(
                "section, .timeline, .timeline svg, footer, #edge-list",
              )]
                .map((e) => Math.round(e.getBoundingClientRect().top + scrollY)).join(" "),
            );
          }
          return { seen: [...seen], shown: shown.size };
        }, summary.checkpoints.length);
        assertEquals(places.shown, summary.checkpoints.length);
        assertEquals(places.seen.length, 1, `places of the parts of the page at width ${width}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert(wide <= width, `the page is ${wide} pixels wide in a window of ${width}`);
        assertEquals(errors, []);
      }, { width });
    }
  },
);

browserTest("explorer: the keyboard reaches, names, pins and unpins heads", () => {
  const summary = formingCircuit();
  summary.checkpoints = summary.checkpoints.slice(-2);
  return withPage(buildExplorer(summary), async ({ page, errors }) => {
    const node = summary.checkpoints[1].nodes.find((name) => name.startsWith("a"))!;
    const stops = await page.evaluate(() =>
      [...document.querySelectorAll<SVGElement>("#circuit [tabindex='0']")]
        .map((e) => e.dataset.node!).sort()
    );
    const inside = new Set([...summary.checkpoints[1].nodes, "input", "logits"]);
    assertEquals(stops, [...inside].sort());
    await page.focus(`[data-node="${node}"]`);
    await page.keyboard.press("Enter");
    const attribute = (name: string) => page.getAttribute(`[data-node="${node}"]`, name);
    assertEquals(await attribute("aria-pressed"), "true");
    assertMatch((await attribute("aria-label"))!, /^Head \d+\.\d+/);
    await page.keyboard.press("ArrowLeft");
    await waitForAddress(page, `step=${summary.checkpoints[0].step}`);
    await page.keyboard.press("Escape");
    assertEquals(await attribute("aria-pressed"), "false");
    assertEquals(errors, []);
  });
});

browserTest("explorer: the legend has the colours of the lines, by letter and by sign", () => {
  const summary = formingCircuit({ nLayers: 4, nHeads: 6, mostEdges: 60 });
  summary.checkpoints.at(-1)!.circuit[0].score = -3;
  return withPage(buildExplorer(summary), async ({ page }) => {
    const colours = () =>
      page.evaluate(() => {
        const style = (selector: string) => getComputedStyle(document.querySelector(selector)!);
        return {
          positive: style("#circuit .edge.positive .line").stroke,
          negative: style("#circuit .edge.negative .line").stroke,
          solid: style(".sample.solid").borderTopColor,
          dashed: style(".sample.dashed").borderTopColor,
          letters: ["q", "k", "v", "o"].map((letter) =>
            style(`.toggle.${letter} i`).backgroundColor
          ),
        };
      });
    assertEquals(new Set((await colours()).letters).size, 4);
    for (const palette of ["field", "safe"]) {
      await page.click(`[data-set="palette=${palette}"]`);
      await page.click('[data-set="colour=sign"]');
      await page.waitForTimeout(400);
      const { positive, negative, solid, dashed, letters } = await colours();
      assertEquals([positive, negative], [solid, dashed]);
      assert(positive !== negative, "both signs have one colour");
      assertEquals(new Set(letters).size, 1);
    }
  });
});

browserTest("explorer: a role has the same colour on every page", async () => {
  const colourOf = (task: string, roles: string[]) => {
    const summary = formingCircuit({ nLayers: 4, nHeads: 6, mostEdges: 60, task });
    const last = summary.checkpoints.at(-1)!;
    const head = last.nodes.find((name) => name.startsWith("a"))!;
    summary.roles = { "0": { [head]: roles } };
    return new Promise<string>((resolve) =>
      withPage(buildExplorer(summary), async ({ page }) =>
        resolve(
          await page.evaluate(
            (node) => getComputedStyle(document.querySelector(`[data-node="${node}"] .pill`)!).fill,
            head,
          ),
        ))
    );
  };
  const induction = await colourOf("sva", ["induction"]);
  assertEquals(await colourOf("ioi", ["induction", "previous token"]), induction);
  assertEquals(await colourOf("sva", ["name mover", "induction"]), induction);
  assert(await colourOf("ioi", ["name mover", "induction"]) !== induction);
});

browserTest(
  "explorer: random circuits are drawn at their sampled edge counts, all in sight",
  () => {
    const summary = formingCircuit();
    const last = summary.checkpoints.at(-1)!;
    last.random = [10, 20, 40].map((size) => ({
      size,
      edges: 0,
      faithfulness: -1.04,
      normalized: 0,
    }));
    return withPage(buildExplorer(summary), async ({ page }) => {
      const { dots, axis } = await page.evaluate(() => ({
        dots: [...document.querySelectorAll("#size-chart .dot.tone-2")]
          .map((e) => [Number(e.getAttribute("cx")), Number(e.getAttribute("cy"))]),
        axis: Number(document.querySelector("#size-chart .axis")!.getAttribute("y1")),
      }));
      assertEquals(dots.length, 3);
      assert(Math.abs(dots[2][0] - 2 * dots[1][0] + dots[0][0]) < 0.2, "not evenly spaced in log");
      assert(dots.every(([, y]) => y < axis), "below the axis");
    });
  },
);

browserTest("explorer: a saved SVG looks the same in a program without CSS", () => {
  const summary = formingCircuit({ nLayers: 4, nHeads: 4, mostEdges: 30, parallel: false });
  return withPage(buildExplorer(summary), async ({ page }) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-svg")]);
    const picture = await Deno.readTextFile(await download.path());
    const colours = [...picture.matchAll(/ (?:fill|stroke)="([^"]*)"/g)].map(([, c]) => c);
    assertEquals(colours.filter((c) => c !== "none" && !/^#[\da-f]{6}$/.test(c)), []);
    assert(
      !/tabindex|aria-|data-role/.test(picture),
      "attributes that only the page uses remain",
    );
    const image = btoa(
      Array.from(new Resvg(picture).render().asPng(), (c) => String.fromCharCode(c)).join(""),
    );
    const different = await page.evaluate(async ([source, image]) => {
      const pixels = async (address: string) => {
        const picture = new Image();
        picture.src = address;
        await picture.decode();
        const brush = new OffscreenCanvas(picture.width, picture.height).getContext("2d")!;
        brush.drawImage(picture, 0, 0);
        return brush.getImageData(0, 0, picture.width, picture.height).data;
      };
      const here = await pixels(`data:image/svg+xml,${encodeURIComponent(source)}`);
      const there = await pixels(`data:image/png;base64,${image}`);
      if (here.length !== there.length) throw new Error("the sizes differ");
      return here.reduce((n, v, i) => n + Number(Math.abs(v - there[i]) > 48), 0) / here.length;
    }, [picture, image]);
    assert(different < 0.01, `${100 * different} % of the pixels differ`);
  });
});

browserTest("explorer: zooms at the pointer, pans by dragging, and shows all again", () => {
  const summary = formingCircuit({ mostEdges: 60 });
  return withPage(buildExplorer(summary), async ({ page, errors }) => {
    const place = () =>
      page.evaluate(() => {
        const { left, top, width } = document.querySelector('[data-node="a6.h6"] .ghost')!
          .getBoundingClientRect();
        return { x: left + width / 2, y: top + width / 2 };
      });
    await page.locator("#circuit").scrollIntoViewIfNeeded();
    const start = await place();
    // the wheel alone scrolls the page
    assertEquals(await page.locator("#zoom-fit").isDisabled(), true);
    await page.mouse.move(start.x, start.y);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -300);
    await page.keyboard.up("Control");
    await page.waitForFunction(() => location.hash.includes("view="));
    const zoomed = await place();
    assert(
      Math.hypot(zoomed.x - start.x, zoomed.y - start.y) < 2,
      "the point at the pointer moved",
    );
    await page.mouse.down();
    await page.mouse.move(start.x - 40, start.y - 30, { steps: 3 });
    await page.mouse.up();
    const panned = await place();
    assert(Math.hypot(panned.x - start.x + 40, panned.y - start.y + 30) < 2);
    assertEquals(await page.isVisible("#pinned"), false);
    await page.keyboard.press("0");
    await page.waitForFunction(() => !location.hash.includes("view="));
    const back = await place();
    assert(Math.hypot(back.x - start.x, back.y - start.y) < 0.5);
    assertEquals(errors, []);
  });
});

browserTest("explorer: the list of edges draws the interval of a score to scale", () => {
  const summary = formingCircuit({ nLayers: 4, nHeads: 4, mostEdges: 30 });
  const circuit = summary.checkpoints.at(-1)!.circuit;
  const strongest = circuit.reduce((a, b) => Math.abs(b.score) > Math.abs(a.score) ? b : a);
  strongest.interval = [0.8 * strongest.score, 1.2 * strongest.score];
  return withPage(buildExplorer(summary), async ({ page, errors }) => {
    const strong = page.locator("#edge-list li").first();
    const [bar, line] = [
      await strong.locator(".bar").boundingBox(),
      await strong.locator("u").boundingBox(),
    ];
    // the interval of 80 to 120 % of the largest score sets the scale
    assert(Math.abs(bar!.width / 1 - (line!.x + line!.width - bar!.x) / 1.2) < 1, "not to scale");
    assert(Math.abs(line!.x - bar!.x - 0.8 * bar!.width) < 1, "the interval starts elsewhere");
    assertEquals(errors, []);
  });
});

browserTest("explorer: opens where the model does the task at no checkpoint", () => {
  const summary = formingCircuit({ nLayers: 4, nHeads: 6, mostEdges: 30 });
  for (const { ability } of summary.checkpoints) ability!.able = false;
  return withPage(buildExplorer(summary), async ({ page, errors }) => {
    assertStringIncludes((await page.textContent("#empty-circuit"))!, "does not do the task");
    assertEquals(await page.locator(".raster-cell").count(), 0);
    assertEquals(errors, []);
  });
});

browserTest(
  "explorer: starts with the 100 strongest edges of a big circuit, and adds a node's",
  () => {
    const summary = formingCircuit({ mostEdges: 300, steps: [1000, 143000] });
    return withPage(buildExplorer(summary), async ({ page, errors }) => {
      const drawn = "#circuit .edge:not(.leaving)";
      assertEquals(await page.locator(drawn).count(), 100);
      assert((await page.textContent("#edge-share"))!.endsWith("the 100 strongest drawn"));
      const { circuit } = summary.checkpoints[1];
      const weak = circuit.toSorted((a, b) => Math.abs(a.score) - Math.abs(b.score)).find((
        { source },
      ) => source.startsWith("a"))!;
      await page.fill("#search", weak.source);
      await page.waitForFunction(
        ([drawn, name]) =>
          [...document.querySelectorAll<SVGElement>(drawn)].some((e) => e.dataset.edge === name),
        [
          drawn,
          edgeName(weak),
        ],
      );
      assertMatch((await page.textContent("#list-title"))!, /^Drawn edges on paths through /);
      await page.evaluate(() => location.hash = "#step=143000&top=all");
      await page.waitForFunction(
        ([drawn, n]) => document.querySelectorAll(drawn).length === Number(n),
        [drawn, String(circuit.length)],
      );
      await waitForAddress(page, "top=all");
      assertEquals(errors, []);
    });
  },
);
