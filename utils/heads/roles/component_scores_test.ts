import { assertEquals } from "@std/assert";
import type { FullModelComponents } from "../../results/kinds/full_model_components.ts";
import { nameMovers } from "../../results/name_movers.ts";
import { headGrid, largestHead } from "../head_grid.ts";

Deno.test("nameMovers() requires enough copying and more attention to IO than to S1 and to S2", () => {
  const grid = (...rows: number[][]) => rows;
  const entry = {
    copy_scores: grid([90, 90, 90], [50, 51, 90]),
    attention_to_names: {
      io: grid([0.5, 0.5, 0.5], [0.5, 0.5, 0.3]),
      s1: grid([0.4, 0.6, 0.1], [0.1, 0.1, 0.3]),
      s2: grid([0.1, 0.1, 0.6], [0.1, 0.1, 0.1]),
    },
  } as unknown as FullModelComponents;
  assertEquals(nameMovers(entry), ["a0.h0", "a1.h1"]);
  assertEquals(nameMovers(entry, 40), ["a0.h0", "a1.h0", "a1.h1"]);
});

Deno.test("headGrid() splits by layer, largestHead() names the first of the largest", () => {
  const grid = headGrid(Float32Array.of(1, 2, 0.1, 5, 5, -1), 3);
  assertEquals(grid, [[1, 2, 0.1], [5, 5, -1]]);
  assertEquals(largestHead(grid), { head: "a1.h0", score: 5 });
  assertEquals(largestHead([[-3, -2]]), { head: "a0.h1", score: -2 });
});
