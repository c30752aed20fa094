import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { correlations, publishedPoints, sizePoints } from "./correlation.ts";
import { edgesOverTimeFigure } from "./edges_over_time.ts";
import { faithfulnessFigure } from "./faithfulness.ts";
import { behaviourFigure, type ModelPerformance } from "./figure_1.ts";
import { circuitMembers } from "./figure_2.ts";
import { type Figure, timeAxis } from "./figures/mod.ts";
import { jaccardFigure } from "./jaccard.ts";
import { formingCircuit } from "./testing/forming_circuit.ts";

Deno.test("correlations() of the published node counts at nominal sizes match the recomputed ones", () => {
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

Deno.test("sizePoints() uses a variant's base size, prefers given sizes, and names unknown models", () => {
  const models = ["pythia-160m-seed1", "pythia-nano", "mystery"];
  const summaries = models.map((model) => formingCircuit({ model }));
  const { points, unknown } = sizePoints(summaries, "edges", { "pythia-nano": 1000 });
  assertEquals(points.map((p) => p.parameters), [162_322_944, 1000]);
  assertEquals(unknown, ["mystery"]);
  const edges = summaries[0].checkpoints.map((c) => c.edges);
  assertAlmostEquals(points[0].size, edges.reduce((a, b) => a + b) / edges.length);
  assert(correlations(points).every(({ linear, log }) => isNaN(linear) && isNaN(log)));
});

Deno.test("figure 1 and the edges over time count each model's tokens by its own batch", () => {
  const point = { mean: 1, se: 0.1, interval: [0.9, 1.1] as [number, number] };
  const performances = ["pythia-nano", "pythia-160m"].map((model): ModelPerformance => ({
    model,
    entries: new Map([0, 1, 512].map((step) => [step, { ioi: { logit_diff: point } }])),
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

Deno.test("figures of circuits leave out checkpoints at which the model does not do the task", () => {
  const summary = formingCircuit({ model: "pythia-nano", steps: [1, 2, 4, 8] });
  const [, noise] = summary.checkpoints;
  noise.ability!.able = false;
  Object.assign(noise, {
    edges: 999,
    circuit: [
      { source: "input", target: "a5.h5", letter: "q", score: 1 },
      { source: "a5.h5", target: "logits", letter: null, score: 1 },
    ],
  });
  const [edges] = edgesOverTimeFigure([summary]).data;
  assertEquals(edges.x, [1, 2, 4, 8]);
  const known = summary.checkpoints.map((c) => c === noise ? null : c.edges);
  assertEquals(edges.y, known);
  // the changes 1 → 2 and 2 → 4 are unknown, 4 → 8 is known
  const [previous, final] = jaccardFigure([summary]).data;
  assertEquals((previous.y as (number | null)[]).map((y) => y === null), [true, true, false]);
  assertEquals((final.y as (number | null)[]).map((y) => y === null), [false, true, false]);
  const curves = faithfulnessFigure([summary], "faithfulness").data.map(({ name }) => name);
  assertEquals(curves.includes("step 2"), false);
  assert(curves.includes("step 1"));
  assertEquals(circuitMembers([summary]).has("a5.h5"), false);
  noise.ability!.able = true;
  assertEquals(circuitMembers([summary]).has("a5.h5"), true);
});

Deno.test("legends explain thin, bold and dashed lines", () => {
  const named = (figure: Figure) =>
    figure.data.filter((t) => t.showlegend !== false).map((t) => t.name);
  assertEquals(named(jaccardFigure([formingCircuit()])).slice(1), [
    "to previous",
    "to final",
  ]);
  assertEquals(named(jaccardFigure([formingCircuit()], true))[2], "smoothed");
  const sizes = [formingCircuit()];
  assertEquals(named(edgesOverTimeFigure(sizes, timeAxis(false))).slice(1), []);
  assertEquals(named(edgesOverTimeFigure(sizes, timeAxis(false), true)).slice(1), ["smoothed"]);
});

Deno.test("faithfulnessFigure() shows random circuits that pruning empties, however low", () => {
  const summary = formingCircuit();
  const last = summary.checkpoints.at(-1)!;
  last.random = [5, 50].map((size) => ({ size, edges: 0, faithfulness: -1.04, normalized: 0 }));
  const { data, layout } = faithfulnessFigure([summary], "faithfulness");
  const random = data.filter((trace) => trace.name === "random circuits").at(-1)!;
  assertEquals(random.x, [5, 50]);
  const [low] = (layout.yaxis as { range: number[] }).range;
  assert(low < -104, `the axis starts at ${low} %`);
});
