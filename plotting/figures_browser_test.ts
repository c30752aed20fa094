import { assert, assertEquals } from "@std/assert";
import type { CircuitSummary } from "../utils/results/kinds/circuit_summary.ts";
import { transcoderSweeps } from "../utils/results/kinds/transcoder_sweep.ts";
import { correlationFigure, publishedPoints } from "./correlation.ts";
import { edgesOverTimeFigure } from "./edges_over_time.ts";
import { faithfulnessFigure } from "./faithfulness.ts";
import { behaviourFigure, type ModelPerformance } from "./figure_1.ts";
import { type Figure, plotlyImage, plotlyPage, timeAxis } from "./figures/mod.ts";
import { jaccardFigure } from "./jaccard.ts";
import { sweepFigure } from "./transcoder_sweep.ts";
import { browserTest, withPage } from "./testing/browser.ts";
import { formingCircuit } from "./testing/forming_circuit.ts";

function someSummaries(): CircuitSummary[] {
  return ["ioi", "sva"].flatMap((task) => [
    formingCircuit({ model: "pythia-70m", task, nLayers: 6, nHeads: 8, mostEdges: 40 }),
    formingCircuit({ model: "pythia-160m", task, mostEdges: 70 }),
    formingCircuit({ model: "pythia-410m", task, nLayers: 24, nHeads: 16, mostEdges: 120 }),
  ]);
}

function somePerformances(): ModelPerformance[] {
  const steps = [0, 1, 8, 64, 512, 1000, 4000, 16000, 64000, 143000];
  return ["pythia-160m", "pythia-70m"].map((model, k) => {
    const entries = new Map(steps.map((step) => {
      const value = (height: number) => {
        const mean = height * (1 + k) / (1 + Math.exp(8 - 2 * Math.log10(step + 1)));
        return { mean, se: 0.1, interval: [mean - 0.2, mean + 0.2] as [number, number] };
      };
      return [step, {
        ioi: { logit_diff: value(3), accuracy: value(1) },
        gender_pronoun: { logit_diff: value(2) },
        greater_than: { prob_diff: value(0.8) },
        sva: { prob_diff: value(0.6) },
      }];
    }));
    return { model, entries };
  });
}

const SWEEP = await transcoderSweeps.read(
  new URL("../tests/reference/result_files/transcoders/pythia-nano/ioi/sweep.json", import.meta.url)
    .pathname,
);

const FIGURES: Record<string, () => Figure> = {
  transcoder_sweep: () => sweepFigure("pythia-nano", 2560, SWEEP.entries.get(2560)!, "ce"),
  faithfulness: () => faithfulnessFigure(someSummaries(), "faithfulness"),
  edges_over_time: () => edgesOverTimeFigure(someSummaries(), timeAxis(false)),
  jaccard: () => jaccardFigure(someSummaries()),
  correlation: () => correlationFigure(publishedPoints(), "nodes"),
  figure_1: () => behaviourFigure(somePerformances()),
};

for (const [name, make] of Object.entries(FIGURES)) {
  browserTest(`${name}: the page draws every trace, without errors or requests`, () => {
    const figure = make();
    return withPage(plotlyPage(figure), async ({ page, errors, requests }) => {
      await page.waitForFunction(() => document.querySelector("#plot .main-svg"));
      const drawn = await page.locator("#plot .scatterlayer .trace").count();
      const withPoints = figure.data.filter((trace) =>
        (trace.x as unknown[]).some((x) => x !== null)
      );
      const bands = withPoints.filter((trace) => trace.fill).length;
      assert(
        drawn >= withPoints.length - bands && drawn > 0,
        `${drawn} of ${withPoints.length} traces`,
      );
      assertEquals(errors, []);
      assertEquals(requests, []);
    }, { dark: name === "jaccard" });
  });
}

browserTest(
  "plotlyPage() scrolls a grid of panels in a narrow window instead of squeezing it",
  () => {
    const figure = jaccardFigure(someSummaries());
    return withPage(plotlyPage(figure), async ({ page }) => {
      await page.waitForFunction(() => document.querySelector("#plot .main-svg"));
      const [whole, plot] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.getElementById("plot")!.clientWidth,
      ]);
      assert(whole <= 390, `the page is ${whole} pixels wide in a window of 390`);
      assert(plot >= 0.7 * figure.width, `the figure is ${plot} pixels wide`);
    }, { width: 390 });
  },
);

browserTest("plotlyImage() makes an SVG and a PNG of the figure's size", async () => {
  const figure = FIGURES.correlation();
  const svg = await plotlyImage(figure, "svg") as string;
  assert(svg.startsWith("<svg"));
  assert(svg.includes(`width="${figure.width}"`) && svg.includes("2.8b"));
  assert(svg.slice(0, 400).includes("fill: rgb(255, 255, 255)"), "the background is not white");
  const png = await plotlyImage(figure, "png") as Uint8Array;
  assertEquals([...png.slice(1, 4)], [80, 78, 71]);
  const view = new DataView(png.buffer);
  assertEquals(view.getUint32(16), 2 * figure.width);
  assertEquals(view.getUint32(20), 2 * figure.height);
});

browserTest("plotlyImage() makes a PDF of one page, as large as the figure", async () => {
  const figure = {
    ...FIGURES.correlation(),
    width: 480,
    height: 360,
    heading: "A heading",
    note: "A note",
  };
  const pdf = new TextDecoder("latin1").decode(await plotlyImage(figure, "pdf") as Uint8Array);
  assert(pdf.startsWith("%PDF-"));
  assertEquals(pdf.match(/\/Type \/Page\b/g)?.length, 1);
  // 1 px is 0.75 pt
  const [, width, height] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf)!;
  assertEquals([Math.round(Number(width)), Math.round(Number(height))], [360, 270]);
  const svg = await plotlyImage(figure, "svg") as string;
  assert(svg.includes("A heading") && svg.includes("A note"));
});
