import { assertAlmostEquals, assertEquals } from "@std/assert";
import { checkpointGrid } from "./checkpoint_grid.ts";
import { learningRate } from "./learning_rate.ts";

Deno.test("learningRate() rises linearly, peaks after the warm-up, and falls along half a cosine", () => {
  const settings = { peak: 1, final: 0.1, warmup: 10, steps: 110 };
  assertAlmostEquals(learningRate(1, settings), 0.1);
  assertAlmostEquals(learningRate(10, settings), 1);
  assertAlmostEquals(learningRate(60, settings), 0.55);
  assertAlmostEquals(learningRate(35, settings), 0.1 + 0.9 * (1 + Math.SQRT1_2) / 2);
  assertAlmostEquals(learningRate(110, settings), 0.1);
});

Deno.test("learningRate() without a warm-up starts near the peak", () => {
  const rate = learningRate(1, { peak: 3, final: 0, warmup: 0, steps: 1000 });
  assertAlmostEquals(rate, 3, 1e-4);
});

Deno.test("checkpointGrid() is Pythia's for Pythia's 143000 steps", () => {
  const grid = checkpointGrid(143_000, 1000);
  assertEquals(grid.length, 154);
  assertEquals(grid.slice(0, 13), [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000]);
  assertEquals(grid.at(-1), 143_000);
});

Deno.test("checkpointGrid() ends with the last step and holds none beyond it", () => {
  assertEquals(checkpointGrid(12, 5), [0, 1, 2, 4, 8, 12]);
  assertEquals(checkpointGrid(1300, 400), [
    ...[0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    ...[800, 1200, 1300],
  ]);
  assertEquals(checkpointGrid(12, 5, [8, 10, 99]), [0, 1, 2, 4, 8, 10, 12]);
});
