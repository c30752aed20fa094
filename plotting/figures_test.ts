import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import type { CircuitSummary } from "../utils/experiment/circuit_summary.ts";
import { UserError } from "../utils/experiment/user_error.ts";
import { correlationFigure, correlations, publishedPoints, sizePoints } from "./correlation.ts";
import { edgesOverTimeFigure } from "./edges_over_time.ts";
import { faithfulnessFigure } from "./faithfulness.ts";
import { behaviourFigure } from "./figure_1.ts";
import {
  baseModel,
  compareModels,
  type Figure,
  modelColour,
  panelGrid,
  plotlyImage,
  plotlyPage,
  saveFigure,
  stepColour,
  timeAxis,
} from "./figures/mod.ts";
import { jaccardFigure } from "./jaccard.ts";
import { findSummaries, readSummary } from "./result_files/summaries.ts";
import type { TaskPerformance } from "./result_files/task_performance.ts";
import { browserTest, withPage } from "./testing/browser.ts";
import { formingCircuit } from "./testing/forming_circuit.ts";

function someSummaries(): CircuitSummary[] {
  return ["ioi", "sva"].flatMap((task) => [
    formingCircuit({ model: "pythia-70m", task, nLayers: 6, nHeads: 8, mostEdges: 40 }),
    formingCircuit({ model: "pythia-160m", task, mostEdges: 70 }),
    formingCircuit({ model: "pythia-410m", task, nLayers: 24, nHeads: 16, mostEdges: 120 }),
  ]);
}

function somePerformances(): TaskPerformance[] {
  const steps = [0, 1, 8, 64, 512, 1000, 4000, 16000, 64000, 143000];
  return ["pythia-160m", "pythia-70m"].map((model, k) => {
    const curve = (height: number) =>
      Object.fromEntries(steps.map((step) => {
        const mean = height * (1 + k) / (1 + Math.exp(8 - 2 * Math.log10(step + 1)));
        return [step, { mean, se: 0.1, interval: [mean - 0.2, mean + 0.2] as [number, number] }];
      }));
    return {
      format: "circuits-over-time/task-performance/1",
      model,
      tasks: {
        ioi: { logit_diff: curve(3), accuracy: curve(1) },
        gender_pronoun: { logit_diff: curve(2) },
        greater_than: { prob_diff: curve(0.8) },
        sva: { prob_diff: curve(0.6) },
      },
    };
  });
}

Deno.test("correlations() of the published node counts at nominal sizes are the recomputed ones", () => {
  const expected: Record<string, [number, number]> = {
    ioi: [0.789, 0.743],
    greater_than: [0.941, 0.896],
    gender_pronoun: [0.631, 0.868],
    sva: [0.89, 0.99],
  };
  const billions = (model: string) => {
    const [, size, unit] = /-([\d.]+)([mb])$/.exec(model)!;
    return Number(size) * (unit === "b" ? 1 : 1e-3);
  };
  const nominal = publishedPoints().map((p) => ({ ...p, parameters: billions(p.model) }));
  const results = correlations(nominal);
  assertEquals(results.map(({ task }) => task), Object.keys(expected));
  for (const { task, linear, log, n } of results) {
    assertEquals(n, 5);
    assertAlmostEquals(linear, expected[task][0], 2e-3, task);
    assertAlmostEquals(log, expected[task][1], 2e-3, task);
  }
});

Deno.test("sizePoints() takes a variant's base size, given sizes first, and names what it does not know", () => {
  const models = ["pythia-160m-seed1", "pythia-nano", "mystery"];
  const summaries = models.map((model) => formingCircuit({ model }));
  const { points, unknown } = sizePoints(summaries, "edges", { "pythia-nano": 1000 });
  assertEquals(points.map((p) => p.parameters), [162_322_944, 1000]);
  assertEquals(unknown, ["mystery"]);
  const edges = summaries[0].checkpoints.map((c) => c.edges);
  assertAlmostEquals(points[0].size, edges.reduce((a, b) => a + b) / edges.length);
  assert(correlations(points).every(({ linear, log }) => isNaN(linear) && isNaN(log)));
});

Deno.test("models keep their colours in variants and stand in order of size", () => {
  assertEquals(baseModel("pythia-160m-data-seed2"), "pythia-160m");
  assertEquals(baseModel("pythia-14m"), "pythia-14m");
  assertEquals(modelColour("pythia-2.8b-seed-1234"), "#8CD9AF");
  const models = ["zebra", "pythia-2.8b", "pythia-70m", "gpt2", "pythia-160m"];
  assertEquals(models.sort(compareModels), [
    "pythia-70m",
    "pythia-160m",
    "gpt2",
    "pythia-2.8b",
    "zebra",
  ]);
  assertEquals([stepColour(0), stepColour(1)], ["rgb(217,194,122)", "rgb(75,95,179)"]);
});

Deno.test("panelGrid() gives panels that do not overlap", () => {
  for (const [count, columns] of [[1, 1], [4, 2], [12, 4], [3, 1]]) {
    const layout = panelGrid(Array.from({ length: count }, () => ({ title: "" })), columns);
    const domain = (axis: string, i: number) =>
      (layout[`${axis}axis${i === 0 ? "" : i + 1}`] as { domain: [number, number] }).domain;
    for (let i = 0; i < count; i++) {
      for (const [low, high] of [domain("x", i), domain("y", i)]) {
        assert(low >= -1e-9 && low < high && high <= 1 + 1e-9);
      }
      for (let j = 0; j < i; j++) {
        const apart = ["x", "y"].some((axis) => {
          const [a, b] = [domain(axis, i), domain(axis, j)];
          return a[1] < b[0] + 1e-9 || b[1] < a[0] + 1e-9;
        });
        assert(apart, `panels ${i} and ${j} of ${count} overlap`);
      }
    }
  }
});

Deno.test("figure 1 and the edges over time count each model's tokens by its own batch", () => {
  const point = { mean: 1, se: 0.1, interval: [0.9, 1.1] as [number, number] };
  const performances = ["pythia-nano", "pythia-160m"].map((model): TaskPerformance => ({
    format: "circuits-over-time/task-performance/1",
    model,
    tasks: { ioi: { logit_diff: { 0: point, 1: point, 512: point } } },
  }));
  const summaries = ["pythia-nano", "pythia-160m"].map((model) => {
    const summary = formingCircuit({ model });
    const [first, second, third] = summary.checkpoints;
    const checkpoints = [{ ...first, step: 0 }, { ...second, step: 1 }, { ...third, step: 512 }];
    return { ...summary, checkpoints };
  });
  // 32 sequences of 64 tokens; 1024 sequences of 2048 tokens
  const expected = { "pythia-nano": [2048, 1_048_576], "pythia-160m": [2_097_152, 1_073_741_824] };
  for (
    const figure of [
      behaviourFigure(performances, timeAxis(false)),
      edgesOverTimeFigure(summaries, timeAxis(false)),
    ]
  ) {
    for (const [model, tokens] of Object.entries(expected)) {
      const lines = figure.data.filter(({ name }) => name === model);
      assert(lines.length > 0, model);
      for (const { x } of lines) assertEquals(x, tokens);
    }
    assert(JSON.stringify(figure.layout).includes("training tokens"));
  }
  const [line] = behaviourFigure(performances).data.filter(({ name }) => name === "pythia-nano");
  assertEquals(line.x, [1, 512]);
});

Deno.test("findSummaries() searches folders and says what is wrong with a path", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assertRejects(() => findSummaries([folder]), UserError, "no summary.json below");
    await assertRejects(() => findSummaries([`${folder}/x`]), UserError, "found nothing at");
    await Deno.mkdir(`${folder}/pythia-160m/ioi`, { recursive: true });
    const file = `${folder}/pythia-160m/ioi/summary.json`;
    await Deno.writeTextFile(file, JSON.stringify(formingCircuit()));
    const found = await findSummaries([folder, file]);
    assertEquals(found.map(({ summary }) => summary.model), ["pythia-160m"]);
    await Deno.writeTextFile(file, '{"format": "other"}');
    await assertRejects(() => readSummary(file), UserError, '"other"');
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("saveFigure() refuses endings it does not know", async () => {
  const figure = jaccardFigure([formingCircuit()]);
  await assertRejects(() => saveFigure(figure, "figure.pdf"), UserError, "figure.pdf");
});

const FIGURES: Record<string, () => Figure> = {
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

Deno.test("figures say in their legends what thin, bold and dashed lines are", () => {
  const named = (figure: Figure) =>
    figure.data.filter((t) => t.showlegend !== false).map((t) => t.name);
  assertEquals(named(jaccardFigure([formingCircuit()])).slice(1), [
    "to previous, as measured",
    "smoothed",
    "to final",
  ]);
  assertEquals(named(edgesOverTimeFigure([formingCircuit()], timeAxis(false))).slice(1), [
    "as found",
    "smoothed",
  ]);
});

Deno.test("faithfulnessFigure() shows random circuits of which pruning leaves nothing, however low", () => {
  const summary = formingCircuit();
  const last = summary.checkpoints.at(-1)!;
  last.random = [5, 50].map((size) => ({ size, edges: 0, faithfulness: -1.04, normalized: 0 }));
  const { data, layout } = faithfulnessFigure([summary], "faithfulness");
  const random = data.filter((trace) => trace.name === "random circuits").at(-1)!;
  assertEquals(random.x, [5, 50]);
  const [low] = (layout.yaxis as { range: number[] }).range;
  assert(low < -104, `the axis begins at ${low} %`);
});

browserTest(
  "plotlyPage() scrolls a grid of panels in a narrow window in place of squeezing it",
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

browserTest("plotlyImage() gives an SVG and a PNG of the figure's size", async () => {
  const figure = FIGURES.correlation();
  const svg = await plotlyImage(figure, "svg") as string;
  assert(svg.startsWith("<svg"));
  assert(svg.includes(`width="${figure.width}"`) && svg.includes("2.8b"));
  assert(svg.slice(0, 400).includes("fill: rgb(255, 255, 255)"), "not on white");
  const png = await plotlyImage(figure, "png") as Uint8Array;
  assertEquals([...png.slice(1, 4)], [80, 78, 71]);
  const view = new DataView(png.buffer);
  assertEquals(view.getUint32(16), 2 * figure.width);
  assertEquals(view.getUint32(20), 2 * figure.height);
});

Deno.test({
  name: "plotlyImage() without a browser says what to install",
  fn: async () => {
    const before = Deno.env.get("CHROMIUM_PATH");
    Deno.env.set("CHROMIUM_PATH", "/nowhere/chromium");
    try {
      await assertRejects(() => plotlyImage(FIGURES.correlation(), "svg"), UserError, "Chromium");
    } finally {
      if (before === undefined) Deno.env.delete("CHROMIUM_PATH");
      else Deno.env.set("CHROMIUM_PATH", before);
    }
  },
});
