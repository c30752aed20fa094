import { assertEquals, assertThrows } from "@std/assert";
import type { CircuitSummary } from "../utils/results/kinds/circuit_summary.ts";
import { UserError } from "../utils/base/user_error.ts";
import { circuitMembers, componentsFigure, eligibleHeads } from "./figure_2.ts";
import { csvGrid, readSwaps, swapGrid, swapsFigure } from "./figure_3.ts";
import { CONSISTENCY_LEVELS, type ConsistencyEntry, levelPoints } from "./figure_4.ts";
import { headLines, timeAxis } from "./figures/mod.ts";
import { headScoresFigure } from "./head_scores.ts";
import { drawnRange, extremes } from "./result_files/head_measures.ts";
import { changingHeads, type Repairs } from "./self_repair.ts";
import { SOME_HEADS, writeMadeUpHeads } from "./testing/made_up_heads.ts";
import { HEAD_MEASURES } from "./result_files/head_measures.ts";
import { inFolder, series } from "./testing/small_series.ts";

Deno.test("drawnRange() is the natural range, unless there is none or `fit` is set", () => {
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

Deno.test("headLines() sorts heads by peak and omits step 0 and missing grids", () => {
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

Deno.test("circuitMembers() returns heads that edges enter and leave at one checkpoint", () => {
  const edge = (source: string, target: string) => ({ source, target, letter: null, score: 1 });
  const able = { ability: { able: true } };
  const checkpoints = [
    { ...able, circuit: [edge("input", "a0.h0"), edge("a0.h0", "m1"), edge("a1.h1", "logits")] },
    { ...able, circuit: [edge("input", "a1.h1"), edge("m0", "m1"), edge("input", "m0")] },
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

Deno.test("csvGrid() reads a table of the original project, target by source", () => {
  const grid = csvGrid("comp_swap/pythia-160m/ioi_nmh_logit_diff_results.csv", TABLE);
  assertEquals(grid, {
    model: "pythia-160m",
    task: "Indirect object identification",
    title: "name movers",
    metric: "logit_diff",
    steps: [1000, 2000],
    difference: [[0, 0.4], [-2, null]],
    baseline: [0.5, 3],
  });
  assertThrows(() => csvGrid("a.csv", "source,target\n1,2\n"), UserError, '"baseline_val"');
  const broken = TABLE.replace("-2.0", "minus");
  assertThrows(() => csvGrid("a.csv", broken), UserError, "row 4: expected a number as difference");
});

Deno.test("readSwaps() returns a grid per group of heads; panels of one metric share a scale", () =>
  inFolder(async (folder) => {
    await writeMadeUpHeads(folder);
    const grids = await readSwaps([folder]);
    assertEquals(grids.map(({ title }) => title), [
      "all heads of the circuit",
      "name movers",
      "S2 inhibition",
    ]);
    const file = `${folder}/comp_swap/${SOME_HEADS.model}/ioi.json`;
    const stored = JSON.parse(await Deno.readTextFile(file)).checkpoints;
    assertEquals(grids[1].difference[3][6], stored["64"]?.nmh.difference["1000"]);
    const head = { model: "m", task: "T", title: "t", metric: "prob_diff" };
    const other = swapGrid(head, [{ source: 1, target: 1, baseline: 0, difference: -0.3 }]);
    const alone = swapsFigure(grids);
    assertEquals(alone.title.split(", ").slice(1), [
      SOME_HEADS.model,
      "Indirect object identification",
    ]);
    const { layout, data } = swapsFigure([...grids, other]);
    assertEquals(new Set(data.map(({ coloraxis }) => coloraxis)).size, 2);
    const { cmin, cmax } = layout.coloraxis as { cmin: number; cmax: number };
    const largest = Math.max(...grids.flatMap((g) => g.difference.flat()).map((x) => Math.abs(x!)));
    assertEquals([cmin, cmax], [-largest, largest]);
    assertEquals((layout.coloraxis2 as { cmax: number }).cmax, 0.3);
  }));

Deno.test("scores of effects are empty where the model does not do the task", () => {
  const measure = HEAD_MEASURES["circuits-over-time/ioi_consistency/1"]
    .find(({ name }) => name === "direct_effect")!;
  const effects = { direct: [[7]], s2i: null, tertiary: null };
  const of = (able?: boolean) => measure.grid({ effects, ...(able !== undefined && { able }) });
  assertEquals([of(), of(true), of(false)], [[[7]], [[7]], null]);
});

Deno.test("levelPoints() tells a level with nothing to explain from an unexplained one", () => {
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

Deno.test("changingHeads() ranks by mean size, only from checkpoints where heads were ablated", () => {
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
