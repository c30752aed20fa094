import { assert, assertEquals } from "@std/assert";
import { componentsFigure, type ModelComponents } from "./figure_2.ts";
import { readSwaps, swapsFigure } from "./figure_3.ts";
import { consistencyFigure, consistencyOf } from "./figure_4.ts";
import { findResults } from "../utils/results/find.ts";
import { ioiConsistencies } from "../utils/results/kinds/ioi_consistency.ts";
import { selfRepairs } from "../utils/results/kinds/self_repair.ts";
import { type Figure, headLines, plotlyPage, timeAxis } from "./figures/mod.ts";
import { heatMapPage, heatMapPicture } from "./head_heatmaps.ts";
import { scatterOf, scatterPage, scatterPicture } from "./head_scatter.ts";
import { headScoresFigure } from "./head_scores.ts";
import { type HeadSeries, readHeadSeries } from "./result_files/head_files.ts";
import { repairsOf, selfRepairFigure } from "./self_repair.ts";
import { browserTest, withPage } from "./testing/browser.ts";
import { SOME_HEADS, writeMadeUpHeads } from "./testing/made_up_heads.ts";

interface Read {
  series: HeadSeries[];
  folder: string;
}

async function made(figure: (read: Read) => Figure | Promise<Figure>): Promise<Figure> {
  const folder = await Deno.makeTempDir();
  try {
    await writeMadeUpHeads(folder);
    return await figure({ series: await readHeadSeries([folder]), folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const named = (series: HeadSeries[], name: string) =>
  series.find(({ measure }) => measure.name === name)!;

const scatter = (series: HeadSeries[]) =>
  scatterOf(named(series, "attention_io"), named(series, "contribution"));

const FIGURES: Record<string, (read: Read) => Figure | Promise<Figure>> = {
  figure_2: ({ series }) => {
    const components: ModelComponents = {};
    for (const score of ["successor", "induction", "cspa", "copy"] as const) {
      components[score] = headLines(named(series, score));
    }
    return componentsFigure(new Map([["m", components]]), new Map(), timeAxis());
  },
  figure_3: async ({ folder }) => swapsFigure(await readSwaps([folder])),
  figure_4: async ({ folder }) => {
    const files = await findResults([folder], [ioiConsistencies]);
    return consistencyFigure(consistencyOf(files), timeAxis());
  },
  head_scores: ({ series }) =>
    headScoresFigure(series, { top: 4, time: timeAxis(true), fit: false }),
  head_heatmaps: ({ series }) => heatMapPage(series),
  "head_heatmaps, picture": ({ series }) => heatMapPicture(series.slice(0, 3), [0, 1000, 143000]),
  head_scatter: ({ series }) => scatterPage(scatter(series)),
  "head_scatter, picture": ({ series }) => scatterPicture(scatter(series), [1000, 143000]),
  self_repair: async ({ folder }) => {
    const files = await findResults([folder], [selfRepairs]);
    return selfRepairFigure(
      new Map(files.map((file) => [file.header.model, repairsOf(file)])),
      timeAxis(),
    );
  },
};

for (const [name, make] of Object.entries(FIGURES)) {
  browserTest(`${name}: the page draws every trace, without errors or requests`, async () => {
    const figure = await made(make);
    await withPage(plotlyPage(figure), async ({ page, errors, requests }) => {
      await page.waitForFunction(() => document.querySelector("#plot .main-svg"));
      const isMap = ({ type }: { type?: unknown }) => type === "heatmap";
      const maps = figure.data.filter(isMap).length;
      const points = figure.data.filter((trace) =>
        !isMap(trace) && (trace.x as unknown[]).length > 0
      ).length;
      assert(maps + points > 0);
      assertEquals(await page.locator("#plot .heatmaplayer .hm image").count(), maps);
      assertEquals(await page.locator("#plot .scatterlayer .trace").count(), points);
      assertEquals(errors, []);
      assertEquals(requests, []);
    }, { dark: name === "figure_4" });
  });
}

/** Reads what the page shows of its first trace and its colour scale. */
function shown() {
  // deno-lint-ignore no-explicit-any
  const plot = document.getElementById("plot") as any;
  const { cmin, cmax } = plot._fullLayout.coloraxis ?? {};
  return {
    z: plot.data[0].z as number[][] | undefined,
    y: plot.data[0].y as number[] | undefined,
    scale: [cmin, cmax],
    panel: [plot._fullLayout.xaxis._length as number, plot._fullLayout.yaxis._length as number],
    range: plot._fullLayout.yaxis.range as number[],
    picture: document.querySelector("#plot .hm image")?.getAttribute("xlink:href") ??
      document.querySelector("#plot .hm image")?.getAttribute("href"),
    step: document.querySelector("#plot .slider-label")?.textContent,
  };
}

/** Clicks a slider at a fraction of its length. */
async function slide(page: import("playwright-core").Page, share: number) {
  const rail = await page.locator("#plot .slider-rail-touch-rect").boundingBox();
  const { x, y, width, height } = rail!;
  await page.mouse.click(x + 2 + share * (width - 4), y + height / 2);
  await page.waitForTimeout(400);
}

browserTest("head_heatmaps: the slider shows another checkpoint on the same scale", async () => {
  let induction: HeadSeries;
  const figure = await made(({ series }) => {
    induction = named(series, "induction");
    return heatMapPage([induction, named(series, "cspa")]);
  });
  await withPage(plotlyPage(figure), async ({ page, errors }) => {
    await page.waitForFunction(() => document.querySelector("#plot .slider-rail-touch-rect"));
    const late = await page.evaluate(shown);
    assertEquals(late.z, induction!.grids.at(-1));
    assertEquals(late.step, "step 143,000");
    const [across, down] = late.panel;
    const ratio = (across / SOME_HEADS.nHeads) / (down / SOME_HEADS.nLayers);
    assert(Math.abs(ratio - 1) < 0.02, `cells of ratio ${ratio}`);
    await slide(page, 0);
    const early = await page.evaluate(shown);
    assertEquals(early.z, induction!.grids[0]);
    assertEquals(early.step, "step 0");
    assert(early.picture && late.picture && early.picture !== late.picture);
    assertEquals([early.scale, late.scale], [[0, 1], [0, 1]]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForTimeout(300);
    assertEquals((await page.evaluate(shown)).z, induction!.grids[0]);
    assertEquals(errors, []);
  });
});

browserTest("head_scatter: the slider moves the points but not the axes", async () => {
  let contribution: HeadSeries;
  const figure = await made(({ series }) => {
    contribution = named(series, "contribution");
    return scatterPage(scatter(series));
  });
  await withPage(plotlyPage(figure), async ({ page, errors }) => {
    await page.waitForFunction(() => document.querySelector("#plot .slider-rail-touch-rect"));
    const late = await page.evaluate(shown);
    await slide(page, 0);
    const early = await page.evaluate(shown);
    assertEquals(late.y, contribution!.grids.at(-1)!.flat());
    assertEquals(early.y, contribution!.grids[0]!.flat());
    assertEquals(early.range, late.range);
    assertEquals(errors, []);
  });
});
