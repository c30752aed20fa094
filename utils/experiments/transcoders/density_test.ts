/** Firing frequencies against a case worked by hand. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { densityNumbers, logFrequencies } from "./density.ts";

const window = { window: 10, steps: 100, batch: 50, deadBelow: 1e-8 };

function logs(step: number, counts: number[]) {
  const carried = { tokens_fired: Float32Array.from(counts) };
  const state = { step, weights: new Float32Array(), slots: {}, carried };
  return logFrequencies({ trainer: { state, step: () => Promise.reject() } }, window);
}

Deno.test("a frequency is a share of the tokens since the window began", () => {
  // Step 10 ends a window of 10 steps, step 13 has made 3 steps of the next.
  for (const [step, tokens] of [[10, 500], [13, 150], [20, 500]]) {
    const found = logs(step, [0, 1, tokens / 2]);
    assertEquals(found[0], -10);
    assertAlmostEquals(found[1], Math.log10(1 / tokens), 1e-6);
    assertAlmostEquals(found[2], Math.log10(0.5), 1e-6);
  }
});

Deno.test("the numbers of a window", () => {
  const found = densityNumbers(Float32Array.of(-10, -5.5, -3.2, -0.5, -0.5), 1e-8);
  assertAlmostEquals(found.mean_log10_feature_sparsity, -19.7 / 5, 1e-6);
  assertEquals(
    [found["below_1e-5"], found["below_1e-6"], found.dead_features],
    [2 / 5, 1 / 5, 1 / 5],
  );
  const histogram = Object.entries(found).filter(([name]) => name.startsWith("density"));
  assertEquals(histogram, [
    ["density_below_1e-6", 1],
    ["density_from_1e-6", 1],
    ["density_from_1e-5", 0],
    ["density_from_1e-4", 1],
    ["density_from_1e-3", 0],
    ["density_from_1e-2", 0],
    ["density_from_1e-1", 2],
  ]);
});
