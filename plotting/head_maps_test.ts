import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../utils/base/user_error.ts";
import { allSteps, pictureSteps } from "./figures/mod.ts";
import { gridAt, heatMapPage, heatMapPicture } from "./head_heatmaps.ts";
import { commonSteps, farthest, headPoints, scatterOf } from "./head_scatter.ts";
import { readHeadSeries } from "./result_files/head_files.ts";
import { SOME_HEADS, writeMadeUpHeads } from "./testing/made_up_heads.ts";
import { inFolder, series } from "./testing/small_series.ts";

Deno.test("scatter plots use the checkpoints that both scores have and label the farthest heads", () => {
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

Deno.test("heat maps leave missing checkpoints empty and share one scale across checkpoints", () => {
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

Deno.test("head_heatmaps: pictures have square cells", () =>
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
