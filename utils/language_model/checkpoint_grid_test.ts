import { assertEquals } from "@std/assert";
import { checkpointGrid } from "./checkpoint_grid.ts";

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

Deno.test("checkpointGrid() keeps the chosen steps alone, and the last", () => {
  assertEquals(checkpointGrid(1300, 400, [], [512, 0, 128]), [0, 128, 512, 1300]);
});
