import { assertAlmostEquals } from "@std/assert";
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
