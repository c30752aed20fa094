import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CircuitSummary } from "../../utils/results/kinds/circuit_summary.ts";
import { buildExplorer } from "./page.ts";
import { browserTest, waitForAddress, withPage } from "../testing/browser.ts";
import { formingCircuit, pythiaSteps } from "../testing/forming_circuit.ts";

const FADED_MS = 550;

/** Reads what the page has drawn. */
function drawn() {
  const names = (selector: string, key: string) =>
    [...document.querySelectorAll<SVGElement>(selector)].map((e) => e.dataset[key]!).sort();
  return {
    edges: names("#circuit .edge:not(.leaving)", "edge"),
    lit: names("#circuit .edge:not(.leaving):not(.dim)", "edge"),
    nodes: names("#circuit .node.inside", "node"),
  };
}

function edgeNames(summary: CircuitSummary, index: number): string[] {
  return summary.checkpoints[index].circuit
    .map((e) => `${e.source}->${e.target}${e.letter ? `<${e.letter}>` : ""}`).sort();
}

browserTest(
  "explorer: each step shows exactly that checkpoint's circuit, without errors",
  () => {
    const summary = formingCircuit();
    return withPage(buildExplorer(summary), async ({ page, errors, requests }) => {
      const last = summary.checkpoints.length - 1;
      assertEquals((await page.evaluate(drawn)).edges, edgeNames(summary, last));
      for (const index of [0, 11, 15]) {
        await page.fill("#slider", String(index));
        await page.waitForTimeout(FADED_MS);
        const seen = await page.evaluate(drawn);
        assertEquals(seen.edges, edgeNames(summary, index));
        const nodes = new Set([...summary.checkpoints[index].nodes, "input", "logits"]);
        assertEquals(seen.nodes, [...nodes].sort());
        const shown = (await page.textContent("#step"))!.replaceAll(",", "");
        assertEquals(Number(shown), summary.checkpoints[index].step);
      }
      await page.keyboard.press("ArrowRight");
      await waitForAddress(page, `step=${summary.checkpoints[16].step}`);
      await page.keyboard.press("Home");
      await page.click("#speed");
      assertEquals(await page.textContent("#speed"), "2×");
      await page.locator("#speed").blur();
      await page.keyboard.press(" ");
      await page.waitForFunction(() => document.getElementById("step")!.textContent !== "0");
      assertEquals(errors, []);
      assertEquals(requests, []);
    });
  },
);

browserTest(
  "explorer: hatches checkpoints at which the model does not do the task, and shows no circuit of them",
  () => {
    const summary = formingCircuit({ nLayers: 4, nHeads: 6, mostEdges: 30 });
    const able = [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22];
    summary.checkpoints.forEach((checkpoint, i) => checkpoint.ability!.able = able.includes(i));
    // noise that must not be seen: it would lead every list and every scale
    summary.checkpoints[3].circuit = [
      { source: "input", target: "a3.h5", letter: "q", score: 999 },
      { source: "a3.h5", target: "logits", letter: null, score: 999 },
    ];
    Object.assign(summary.checkpoints[3], { faithfulness: 5.34, edges: 2 });
    return withPage(buildExplorer(summary), async ({ page, errors }) => {
      const text = async (selector: string) => (await page.textContent(selector))!;
      assertEquals(await page.isVisible("#empty-circuit"), false);
      await page.fill("#slider", "3");
      await page.waitForTimeout(FADED_MS);
      assertEquals((await page.evaluate(drawn)).edges, []);
      assertStringIncludes(await text("#empty-circuit"), "does not do the task");
      assert(!(await text("#facts")).includes("534"), "faithfulness of noise is shown");
      assert(!/[1-9]/.test(await text("#chart-size .keys")), "a size of noise is shown");
      const seen = await page.evaluate(() => ({
        bands: document.querySelectorAll("#slider-ticks u").length,
        hatched: ["#chart-metric", "#chart-size", "#heatmap-axes", "#raster", "#size-chart"]
          .filter((id) => document.querySelectorAll(`${id} .hatch`).length > 0).length,
        cells: [...document.querySelectorAll<SVGElement>(".raster-cell")]
          .map((cell) => Number(cell.getAttribute("fill-opacity"))),
        band: document.querySelector<SVGElement>("#raster .hatch")!.getAttribute("width"),
        columns: document.querySelector<SVGElement>("#raster .heat-mark")!.getAttribute("width"),
      }));
      assertEquals(seen.bands, 1);
      assertEquals(seen.hatched, 5);
      assert(Math.max(...seen.cells) > 0.99, "the scale is not that of the shown circuits");
      assert(Math.abs(Number(seen.band) / Number(seen.columns) - 12) < 0.05, "12 columns hatched");
      assertEquals(errors, []);
    });
  },
);

browserTest("explorer: a click pins a head and highlights only the paths through it", () => {
  const summary = formingCircuit();
  summary.checkpoints = summary.checkpoints.slice(-1);
  const edge = (source: string, target: string, letter: "q" | "k" | "v" | null) => ({
    source,
    target,
    letter,
    score: 0.5,
  });
  summary.checkpoints[0].circuit = [
    edge("input", "a1.h2", "v"),
    edge("a1.h2", "a5.h5", "k"),
    edge("a5.h5", "logits", null),
    edge("input", "a3.h3", "q"),
    edge("a3.h3", "logits", null),
    edge("m0", "a3.h3", "k"),
  ];
  summary.checkpoints[0].nodes = ["input", "m0", "a1.h2", "a3.h3", "a5.h5", "logits"];
  return withPage(buildExplorer(summary), async ({ page, errors }) => {
    await page.click('[data-node="a1.h2"] .pill');
    await page.mouse.move(2, 2);
    const through = ["a1.h2->a5.h5<k>", "a5.h5->logits", "input->a1.h2<v>"];
    assertEquals((await page.evaluate(drawn)).lit, through);
    assertStringIncludes((await page.textContent("#pinned"))!, "Head 1.2");
    await waitForAddress(page, "pin=a1.h2");
    await page.keyboard.press("Escape");
    assertEquals((await page.evaluate(drawn)).lit.length, 6);
    await page.fill("#search", "L3H3");
    assertEquals((await page.evaluate(drawn)).lit, [
      "a3.h3->logits",
      "input->a3.h3<q>",
      "m0->a3.h3<k>",
    ]);
    await page.fill("#search", "");
    await page.click('.toggle[data-letter="k"]');
    assertEquals((await page.evaluate(drawn)).edges.filter((e) => e.endsWith("<k>")), []);
    assertEquals(errors, []);
  });
});

browserTest(
  "explorer: a click on a curve selects a checkpoint, and the address restores a view",
  () => {
    const summary = formingCircuit();
    const html = buildExplorer(summary);
    return withPage(html, async ({ page, errors }) => {
      assertEquals(await page.textContent("#step"), "2,000");
      assertEquals((await page.evaluate(drawn)).edges.length, 8);
      assertEquals(await page.getAttribute("html", "data-theme"), "dark");
      assertEquals(await page.getAttribute("html", "data-palette"), "safe");
      const curve = page.locator("#chart-size svg");
      const { width } = (await curve.boundingBox())!;
      await curve.click({ position: { x: width - 16, y: 60 } });
      assertEquals(await page.textContent("#step"), "143,000");
      await page.click("#theme");
      assertEquals(await page.getAttribute("html", "data-theme"), "light");
      assertEquals(errors, []);
    }, { hash: "#step=2100&top=5&palette=safe&pin=a0.h4", dark: true });
  },
);

browserTest("explorer: compares a circuit with that of another step", () => {
  const summary = formingCircuit({ nLayers: 4, nHeads: 6, mostEdges: 60 });
  const names = (index: number) => new Set(edgeNames(summary, index));
  const [here, before, last] = [names(15), names(14), names(22)];
  const other = formingCircuit({ nLayers: 4, nHeads: 6, mostEdges: 30, task: "greater_than" });
  const there = new Set(edgeNames(other, 15));
  return withPage(buildExplorer(summary, { others: [other] }), async ({ page, errors }) => {
    const fates = () =>
      page.evaluate(() =>
        Object.fromEntries(
          ["gained", "lost", "kept"].map((fate) => [
            fate,
            [...document.querySelectorAll<SVGElement>(`#circuit .edge.${fate}:not(.leaving)`)]
              .map((e) => e.dataset.edge!).sort(),
          ]),
        )
      );
    const expected = (other: Set<string>) => ({
      gained: [...here].filter((name) => !other.has(name)).sort(),
      lost: [...other].filter((name) => !here.has(name)).sort(),
      kept: [...here].filter((name) => other.has(name)).sort(),
    });
    await page.fill("#slider", "15");
    await page.click('[data-set="against=previous"]');
    await page.waitForTimeout(FADED_MS);
    assertEquals(await fates(), expected(before));
    await page.click('[data-set="against=last"]');
    await page.waitForTimeout(FADED_MS);
    assertEquals(await fates(), expected(last));
    assertStringIncludes((await page.textContent("#comparison"))!, "Against step 143,000");
    await waitForAddress(page, "against=last");
    await page.selectOption("#against", "run-0");
    await page.waitForTimeout(FADED_MS);
    assertEquals(await fates(), expected(there));
    assertStringIncludes((await page.textContent("#comparison"))!, "Against Greater");
    await page.click('[data-set="against=off"]');
    await page.waitForTimeout(FADED_MS);
    assertEquals((await page.evaluate(drawn)).edges, [...here].sort());
    assertEquals(errors, []);
  });
});

browserTest(
  "explorer: handles an empty circuit, one edge, missing parts, one checkpoint and none",
  async () => {
    const summary = formingCircuit();
    delete summary.roles;
    delete summary.transfer;
    summary.toPrevious = [];
    summary.toFinal = [];
    const [empty, one] = summary.checkpoints = summary.checkpoints.slice(0, 2);
    Object.assign(empty, { circuit: [], nodes: [], edges: 0, curve: [], random: [] });
    one.circuit = [{ source: "input", target: "logits", letter: null, score: -1e-7 }];
    for (const checkpoint of summary.checkpoints) {
      delete checkpoint.cpr;
      delete checkpoint.cmd;
      delete checkpoint.stability;
    }
    summary.failed = [{ step: 7, error: "config.json is missing" }];
    const variants = [
      { checkpoints: [empty, one] },
      { checkpoints: [empty] },
      { checkpoints: [] },
    ];
    for (const variant of variants) {
      await withPage(buildExplorer({ ...summary, ...variant }), async ({ page, errors }) => {
        if (variant.checkpoints.length > 1) {
          assertEquals((await page.evaluate(drawn)).edges, ["input->logits"]);
          await page.keyboard.press("Home");
        }
        assertEquals(await page.isVisible("#play"), variant.checkpoints.length > 1);
        assertEquals(await page.isVisible("#raster"), variant.checkpoints.length > 1);
        if (variant.checkpoints.length > 0) {
          assert(await page.isVisible("#empty-circuit"));
        } else assert(await page.isVisible(".notice"));
        assertStringIncludes((await page.textContent("#failed"))!, "config.json is missing");
        assertEquals(errors, []);
      });
    }
  },
);

browserTest(
  "explorer: 154 checkpoints with 24 layers, 16 heads and 400 edges play without errors",
  () => {
    const summary = formingCircuit({
      nLayers: 24,
      nHeads: 16,
      mostEdges: 400,
      steps: pythiaSteps(),
    });
    return withPage(buildExplorer(summary), async ({ page, errors }) => {
      for (const index of ["3", "60", "100", "153"]) await page.fill("#slider", index);
      await page.waitForTimeout(FADED_MS);
      assertEquals((await page.evaluate(drawn)).edges, edgeNames(summary, 153));
      const layers = () =>
        page.evaluate(() =>
          [...document.querySelectorAll("#circuit .node")].map((e) => e.getAttribute("transform"))
        );
      const before = await layers();
      await page.click('[data-set="edges=bundled"]');
      await page.click('[data-set="order=role"]');
      await waitForAddress(page, "order=role");
      const after = await layers();
      assert(after.some((place, i) => place !== before[i]), "no head has moved");
      assertEquals(after.toSorted(), before.toSorted(), "heads are not in the same places");
      assertEquals((await page.evaluate(drawn)).edges, edgeNames(summary, 153));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert(wide <= 1280, `the page is ${wide} pixels wide in a window of 1280`);
      assertEquals(errors, []);
    }, { hash: "#top=all" });
  },
);
