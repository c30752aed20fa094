import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { CircuitSummary } from "../utils/results/kinds/circuit_summary.ts";
import { UserError } from "../utils/base/user_error.ts";
import { circuitMembers, componentsFigure, eligibleHeads } from "./figure_2.ts";
import { csvGrid, readSwaps, swapGrid, swapsFigure } from "./figure_3.ts";
import { CONSISTENCY_LEVELS, type ConsistencyEntry, levelPoints } from "./figure_4.ts";
import {
  allSteps,
  headLines,
  PARAMETERS,
  pictureSteps,
  spreadSteps,
  timeAxis,
  tokensPerStep,
} from "./figures/mod.ts";
import { gridAt, heatMapPage, heatMapPicture } from "./head_heatmaps.ts";
import { commonSteps, farthest, headPoints, scatterOf } from "./head_scatter.ts";
import { headScoresFigure } from "./head_scores.ts";
import { type HeadSeries, ofOneModel, readHeadSeries } from "./result_files/head_files.ts";
import { drawnRange, extremes, HEAD_MEASURES } from "./result_files/head_measures.ts";
import { changingHeads, type Repairs } from "./self_repair.ts";
import { pythiaSteps } from "./testing/forming_circuit.ts";
import { SOME_HEADS, writeMadeUpHeads } from "./testing/made_up_heads.ts";

/** A score of two layers of two heads. */
function series(grids: (number[][] | null)[], name = "copy", steps?: number[]): HeadSeries {
  const measure = Object.values(HEAD_MEASURES).flat().find((m) => m.name === name)!;
  const shape = { nLayers: 2, nHeads: 2 };
  return { model: "m", measure, shape, steps: steps ?? grids.map((_, i) => i), grids };
}

async function inFolder(use: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the size and the batch of pythia-nano are those it was trained with", async () => {
  const file = new URL("../models/pythia-nano/TRAINING.json", import.meta.url);
  const { config: { steps }, parameters, tokens } = JSON.parse(await Deno.readTextFile(file));
  assertEquals(PARAMETERS["pythia-nano"], parameters);
  assertEquals(steps * tokensPerStep("pythia-nano"), tokens);
  assertEquals(tokensPerStep("pythia-160m-seed1"), 2_097_152);
});

Deno.test("readHeadSeries() finds scores below a folder, in shown units, and passes over other files", () =>
  inFolder(async (folder) => {
    await writeMadeUpHeads(folder);
    await Deno.writeTextFile(`${folder}/other.json`, "[1, 2");
    const all = await readHeadSeries([folder]);
    const names = all.map(({ measure }) => measure.name);
    const undetailed = Object.entries(HEAD_MEASURES)
      .filter(([format]) => !format.includes("circuit_components"))
      .flatMap(([, measures]) => measures.filter((m) => !m.detail).map((m) => m.name));
    assertEquals(names, undetailed);
    const [cspa] = await readHeadSeries([folder], ["cspa"]);
    const file = `${folder}/cspa/${SOME_HEADS.model}/all_checkpoints.json`;
    const stored = JSON.parse(await Deno.readTextFile(file)).checkpoints["143000"].scores;
    assertAlmostEquals(cspa.grids.at(-1)![10][1], 100 * stored[10][1], 1e-12);
    assertEquals(cspa.steps, SOME_HEADS.steps);
    const tertiary = all.find(({ measure }) => measure.name === "tertiary_effect")!;
    assertEquals(tertiary.grids[0], null);
  }));

Deno.test("reading head scores says what is wrong, and where", () =>
  inFolder(async (folder) => {
    await assertRejects(() => readHeadSeries([folder]), UserError, "no such result file below");
    await assertRejects(() => readHeadSeries([`${folder}/no`]), UserError, "found nothing at");
    const file = `${folder}/scores.json`;
    const write = (value: unknown) => Deno.writeTextFile(file, JSON.stringify(value));
    const good = {
      format: "circuits-over-time/cspa/1",
      model: "m",
      shape: { nLayers: 1, nHeads: 2 },
      checkpoints: { 8: { scores: [[0.1, 0.2]], kl_kept: [[0, 0]], kl_ablated: [[1, 1]] } },
    };
    await write(good);
    await assertRejects(() => readHeadSeries([file], ["copying"]), UserError, '"copying"');
    const [entry] = Object.values(good.checkpoints);
    await write({ ...good, checkpoints: { 8: { ...entry, scores: [[0.1]] } } });
    await assertRejects(
      () => readHeadSeries([file]),
      UserError,
      "checkpoints.8.scores: expected 1",
    );
    await write({ ...good, checkpoints: undefined });
    await assertRejects(() => readHeadSeries([file]), UserError, "without entries of checkpoints");
    await write({ ...good, shape: { nLayers: 1 } });
    await assertRejects(
      () => readHeadSeries([file]),
      UserError,
      "shape.nHeads: expected an integer, found nothing; move it away, or make it again with get_model_cspa.ts",
    );
    await Deno.writeTextFile(file, '{"format": "circuits-over-time/cspa/1", "mod');
    await assertRejects(() => readHeadSeries([file]), UserError, "scores.json");
    await write({ format: "other" });
    await assertRejects(() => readHeadSeries([file]), UserError, "found other");
    const two = [series([null]), { ...series([null]), model: "n" }];
    assertThrows(() => ofOneModel(two), UserError, "m, n");
  }));

Deno.test("drawnRange() is the natural one unless there is none or the values are to fit", () => {
  const range = (name: string, values: number[], fit?: boolean) =>
    drawnRange(series([], name).measure, values, fit);
  assertEquals(range("cspa", [12, -3]), [-100, 100]);
  assertEquals(range("cspa", [12, -30], true), [-30, 30]);
  assertEquals(range("induction", [0.2]), [0, 1]);
  assertEquals(range("induction", [0.1, 0.2], true), [0, 0.2]);
  assertEquals(range("direct_effect", [-40, 7]), [-40, 40]);
  assertEquals(range("direct_effect", []), [-1, 1]);
  assertEquals(extremes(Array.from({ length: 300_000 }, (_, i) => i - 7)), [-7, 299_992]);
});

Deno.test("headLines() sorts heads by their peak and leaves out step 0 and missing grids", () => {
  const lines = headLines(series([[[9, 0], [0, 0]], [[1, 2], [-5, 0]], null, [[3, 1], [0, 0]]]));
  assertEquals(lines.map(({ head, peak }) => [head, peak]), [
    ["a1.h0", 5],
    ["a0.h0", 3],
    ["a0.h1", 2],
    ["a1.h1", 0],
  ]);
  assertEquals(lines[1].steps, [1, 3]);
  assertEquals(lines[1].values, [1, 3]);
  const figure = headScoresFigure([series([null, [[60, 2], [1, 40]], [[70, 3], [4, 50]]])], {
    top: 2,
    time: timeAxis(true),
    fit: false,
  });
  const [grey, second, first] = figure.data;
  assertEquals([first.name, first.y, second.name], ["a0.h0", [60, 70], "a1.h1"]);
  assertEquals(grey.y, [1, 4, null, 2, 3, null]);
  const options = { top: 2, time: timeAxis(true), fit: false, heads: ["a7.h0"] };
  const one = series([null, [[1, 2], [3, 4]]]);
  assertThrows(() => headScoresFigure([one], options), UserError, '"a7.h0"');
});

Deno.test("circuitMembers() are heads that edges enter and leave at one checkpoint", () => {
  const edge = (source: string, target: string) => ({ source, target, letter: null, score: 1 });
  const checkpoints = [
    { circuit: [edge("input", "a0.h0"), edge("a0.h0", "m1"), edge("a1.h1", "logits")] },
    { circuit: [edge("input", "a1.h1"), edge("m0", "m1"), edge("input", "m0")] },
  ];
  const summary = { checkpoints } as unknown as CircuitSummary;
  assertEquals([...circuitMembers([summary])], ["a0.h0"]);
});

Deno.test("eligibleHeads() keeps circuit heads that reach a quarter of the largest score of any head", () => {
  const lines = headLines(series([[[0, 0], [0, 0]], [[80, 20], [19, -90]], [[10, 5], [0, 0]]]));
  const heads = (members?: string[]) =>
    eligibleHeads(lines, members && new Set(members)).map(({ head }) => head);
  assertEquals(heads(), ["a0.h0", "a0.h1"]);
  assertEquals(heads(["a0.h1", "a1.h0", "a1.h1"]), ["a0.h1"]);
  const models = new Map([["m", { copy: lines }], ["n", { copy: lines }]]);
  const figure = componentsFigure(models, new Map(), timeAxis(true));
  const drawn = figure.data.filter((trace) => trace.mode === "lines");
  assertEquals(drawn.map(({ name, y }) => [name, y]), [["m", [0.8, 0.1]], ["n", [0.8, 0.1]]]);
  const single = componentsFigure(new Map([["m", { copy: lines }]]), new Map(), timeAxis(true));
  assertEquals(single.data.filter(({ mode }) => mode === "lines").map(({ name }) => name), [
    "a0.h0",
    "a0.h1",
  ]);
  const notes = (figure.layout.annotations as { text: string }[]).map(({ text }) => text);
  assertEquals(notes.filter((text) => text === "not measured").length, 3);
});

const TABLE = `,source,target,baseline_val,swapped_val,difference
0,1000,1000,0.5,0.5,0.0
1,2000,1000,0.5,0.9,0.4
2,1000,2000,3.0,1.0,-2.0
`;

Deno.test("csvGrid() reads a table of the original project into target by source", () => {
  const grid = csvGrid("comp_swap/pythia-160m/ioi_nmh_logit_diff_results.csv", TABLE);
  assertEquals(grid, {
    model: "pythia-160m",
    title: "ioi: name movers",
    metric: "logit_diff",
    steps: [1000, 2000],
    difference: [[0, 0.4], [-2, null]],
    baseline: [0.5, 3],
  });
  assertThrows(() => csvGrid("a.csv", "source,target\n1,2\n"), UserError, '"baseline_val"');
  const broken = TABLE.replace("-2.0", "minus");
  assertThrows(() => csvGrid("a.csv", broken), UserError, "row 4: expected a number as difference");
});

Deno.test("readSwaps() gives a grid per group of heads, and panels of one metric one scale", () =>
  inFolder(async (folder) => {
    await writeMadeUpHeads(folder);
    const grids = await readSwaps([folder]);
    assertEquals(grids.map(({ title }) => title), [
      "ioi: all heads of the circuit",
      "ioi: name movers",
      "ioi: S2 inhibition",
    ]);
    const file = `${folder}/comp_swap/${SOME_HEADS.model}/ioi.json`;
    const stored = JSON.parse(await Deno.readTextFile(file)).checkpoints;
    assertEquals(grids[1].difference[3][6], stored["64"]?.nmh.difference["1000"]);
    const head = { model: "m", title: "t", metric: "prob_diff" };
    const other = swapGrid(head, [{ source: 1, target: 1, baseline: 0, difference: -0.3 }]);
    const { layout, data } = swapsFigure([...grids, other]);
    assertEquals(new Set(data.map(({ coloraxis }) => coloraxis)).size, 2);
    const { cmin, cmax } = layout.coloraxis as { cmin: number; cmax: number };
    const largest = Math.max(...grids.flatMap((g) => g.difference.flat()).map((x) => Math.abs(x!)));
    assertEquals([cmin, cmax], [-largest, largest]);
    assertEquals((layout.coloraxis2 as { cmax: number }).cmax, 0.3);
  }));

Deno.test("levelPoints() tells a level with nothing to explain from one that is not explained", () => {
  const entry = (s2i: number[][] | null): ConsistencyEntry => ({
    direct_effects: 40,
    s2i_effects: 0,
    tertiary_effects: 0,
    heads: {
      name_movers: ["a1.h0"],
      negative_name_movers: ["a1.h1"],
      copy_suppression: ["a1.h1"],
      ...{ negative_copy_suppression: [], s2_inhibition: [], induction: [], duplicate_token: [] },
    },
    effects: { direct: [[-1]], s2i, tertiary: null },
  });
  const entries = new Map([[16, entry([[0]])], [0, entry(null)], [2, entry(null)]]);
  const [direct, s2i] = CONSISTENCY_LEVELS;
  assertEquals(levelPoints(entries, s2i).map(({ step, measured }) => [step, measured]), [
    [2, false],
    [16, true],
  ]);
  const [first] = levelPoints(entries, direct);
  assertEquals(first, { step: 2, percent: 40, measured: true, heads: ["a1.h0", "a1.h1"] });
});

Deno.test("changingHeads() ranks by mean size, only from checkpoints where heads were silenced", () => {
  const entry = (targets: string[], delta: number[][]) => ({
    logit_diff: 1,
    ablated_logit_diff: 0,
    ablation_targets: targets,
    per_head_logit_diff_delta: delta,
    summed_in_circuit_head_delta: 0,
    summed_outside_circuit_head_delta: 0,
    summed_total_head_delta: 0,
  });
  const repairs: Repairs = [
    [1, entry([], [[9, 0], [0, 0]])],
    [2, entry(["a0.h0"], [[0, 0.1], [-3, 0]])],
    [4, entry(["a0.h0"], [[0, 2], [0.5, 0]])],
  ];
  const heads = changingHeads(repairs, 2);
  assertEquals(heads.map(({ head, changes }) => [head, changes]), [
    ["a1.h0", [0, -3, 0.5]],
    ["a0.h1", [0, 0.1, 2]],
  ]);
  assertEquals(changingHeads(repairs.slice(0, 1)), []);
});

Deno.test("scatter plots take the checkpoints that both scores have and name what is far out", () => {
  const x = series([[[1, 2], [3, 4]], null, [[0, 0], [0, 10]]], "copy", [1, 2, 4]);
  const y = series([[[5, 6], [7, 8]], [[0, 0], [0, 0]], [[-2, 0.5], [0, 1]]], "copy", [1, 2, 4]);
  assertEquals(commonSteps(x, y), [1, 4]);
  const points = headPoints(x, y, 4);
  assertEquals(points[3], { head: "a1.h1", layer: 1, x: 10, y: 1 });
  assertEquals(farthest(points, { x: 10, y: 2 }, 2), [3, 0]);
  assertEquals(farthest(points, { x: 10, y: 2 }, 9), [3, 0, 1]);
  assertEquals(scatterOf(x, y).size, { x: 10, y: 8 });
  assertThrows(() => scatterOf(x, series([[[1, 2], [3, 4]]], "copy", [3])), UserError, "none");
});

Deno.test("heat maps leave cells of missing checkpoints empty and keep one scale over all", () => {
  const a = series([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], "copy", [0, 8]);
  const b = series([[[-1, 0], [0, 2]]], "direct_effect", [4]);
  assertEquals(allSteps([a, b]), [0, 4, 8]);
  assertEquals(gridAt(b, 8), [[null, null], [null, null]]);
  const { layout, data } = heatMapPage([a, b]);
  assertEquals(data.map(({ z }) => z), [a.grids[1], [[null, null], [null, null]]]);
  const scale = (key: string) => {
    const { cmin, cmax } = layout[key] as { cmin: number; cmax: number };
    return [cmin, cmax];
  };
  assertEquals([scale("coloraxis"), scale("coloraxis2")], [[0, 100], [-2, 2]]);
  assertEquals(pictureSteps([a, b]), [0, 4, 8]);
  assertEquals(pictureSteps([a, b], ["8"]), [8]);
  assertThrows(() => pictureSteps([a, b], ["9"]), UserError, '"9"');
});

Deno.test("spreadSteps() keeps the first and the last step and spreads the others from step 256 on", () => {
  assertEquals(spreadSteps(pythiaSteps(), 6), [0, 256, 1000, 6000, 29000, 143000]);
  assertEquals(spreadSteps([1, 2, 3, 4, 5], 3), [1, 3, 5]);
  const few = [256, 768, 1024, 1280, 1536, 1792, 2048, 2560];
  assertEquals(spreadSteps(few, 6), [256, 768, 1024, 1280, 1536, 2560]);
  assertEquals(spreadSteps([1, 2], 6), [1, 2]);
  assertEquals(spreadSteps([1, 2, 3], 1), [3]);
  assert(spreadSteps([0, 1000, 2000, 3000], 3).includes(3000));
});

Deno.test("head_heatmaps: cells of pictures are square", () =>
  inFolder(async (folder) => {
    await writeMadeUpHeads(folder);
    const shown = (await readHeadSeries([folder])).slice(0, 3);
    const { layout, width, height } = heatMapPicture(shown, [0, 1000, 143000]);
    const { l, r, t, b } = layout.margin as Record<string, number>;
    const length = (axis: string) => {
      const [low, high] = (layout[axis] as { domain: [number, number] }).domain;
      return (high - low) * (axis.startsWith("x") ? width - l - r : height - t - b);
    };
    for (const i of ["", "2", "9"]) {
      const [across, down] = [length(`xaxis${i}`), length(`yaxis${i}`)];
      const ratio = (across / SOME_HEADS.nHeads) / (down / SOME_HEADS.nLayers);
      assert(Math.abs(ratio - 1) < 0.02, `panel ${i}: cells of ratio ${ratio}`);
    }
  }));
