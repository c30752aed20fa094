import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { circuitStability, drawCounts, meanScores, scoreIntervals } from "./bootstrap.ts";

/** Standard normal numbers (Box–Muller over a linear congruential generator). */
function normals(n: number): Float32Array {
  let state = 11;
  const uniform = () => (state = state * 48271 % 2147483647) / 2147483647;
  return Float32Array.from(
    { length: n },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

Deno.test("meanScores() are per-prompt means", () => {
  const scores = Float32Array.of(1, 2, 3, 5, 6, 7);
  assertEquals([...meanScores({ nPrompts: 2, scores })], [3, 4, 5]);
  assertThrows(() => meanScores({ nPrompts: 4, scores }), Error, "not divisible by 4");
});

Deno.test("drawCounts() draws as many prompts as there are, reproducibly", () => {
  const draws = drawCounts(70, 200, 5);
  assertEquals(draws, drawCounts(70, 200, 5));
  for (const counts of draws) assertEquals(counts.reduce((a, b) => a + b), 70);
  const average = draws.reduce((sum, counts) => sum + counts[3], 0) / draws.length;
  assertAlmostEquals(average, 1, 4 / Math.sqrt(200));
});

Deno.test("scoreIntervals() have the width that theory gives for a mean", () => {
  const nPrompts = 400, cells = 3;
  const scores = normals(nPrompts * cells).map((z, i) => [5, -1, 0][i % 3] + [1, 2, 0][i % 3] * z);
  const prompts = { nPrompts, scores };
  const [a, b, exact] = scoreIntervals(prompts, [0, 1, 2], { resamples: 2000, seed: 1 });
  const means = meanScores(prompts);
  for (const [[low, high], deviation, mean] of [[a, 1, means[0]], [b, 2, means[1]]] as const) {
    const expected = 2 * 1.96 * deviation / Math.sqrt(nPrompts);
    assertAlmostEquals(high - low, expected, 0.15 * expected);
    assertAlmostEquals((low + high) / 2, mean, 0.1 * expected);
  }
  assertEquals(exact, [0, 0]);
  const [narrow] = scoreIntervals(prompts, [0], { resamples: 2000, seed: 1, level: 0.5 });
  assertAlmostEquals((narrow[1] - narrow[0]) / (a[1] - a[0]), 0.6745 / 1.96, 0.05);
});

Deno.test("scoreIntervals() of one prompt have no width", () => {
  const prompts = { nPrompts: 1, scores: Float32Array.of(0.25, -4) };
  assertEquals(scoreIntervals(prompts, [1]), [[-4, -4]]);
});

Deno.test("circuitStability() is 1 where prompts agree, and what chance gives where they do not", () => {
  const best = (scores: Float32Array) => {
    const mask = new Uint8Array(scores.length);
    mask[scores.indexOf(Math.max(...scores))] = 1;
    return mask;
  };
  const agreeing = { nPrompts: 3, scores: Float32Array.of(1, 2, 0, 1, 3, 0, 1, 2, 1) };
  assertEquals(circuitStability(agreeing, best), 1);
  assertEquals(circuitStability(agreeing, (s) => new Uint8Array(s.length)), 1);

  // two prompts favour different edges, and a tie goes to edge 0: one draw in four has the second prompt only and disagrees
  const split = { nPrompts: 2, scores: Float32Array.of(1, 0, 0, 1) };
  const stability = circuitStability(split, best, { resamples: 2000, seed: 2 });
  assertAlmostEquals(stability, 0.75, 0.04);
  assert(stability === circuitStability(split, best, { resamples: 2000, seed: 2 }));
});
