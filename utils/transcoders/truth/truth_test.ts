import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Matrix, pseudoInverse } from "ml-matrix";
import { coderConfig } from "../../../tests/support/coder_cases.ts";
import { uniform } from "../../../tests/support/random_model.ts";
import { PythonRandom } from "../../base/mod.ts";
import { type F32, ProgramCache, tensor } from "../../onnx/mod.ts";
import { initialState, layoutOf, Trainer } from "../../training/mod.ts";
import type { Coder } from "../coder.ts";
import { encode } from "../programs.ts";
import { unitRows } from "../random_rows.ts";
import {
  coderObjective,
  coderOptimiser,
  saelensTopK,
  startValues,
  trainedCoder,
} from "../training/mod.ts";
import { knownFeatures, type KnownFeatureSettings } from "./known_features.ts";
import { bestPairs, featureScores, FiringMeter, matchDirections } from "./scores.ts";

const SETTINGS: KnownFeatureSettings = {
  features: 40,
  width: 48,
  meanActive: 4,
  hierarchy: { roots: 4, branching: 2, depth: 2 },
  pairs: { count: 3, correlation: 0.6 },
  seed: 7,
};
const IN_TREES = 4 + 8 + 16;

Deno.test("known features have their frequencies, trees and correlations", () => {
  const known = knownFeatures(SETTINGS);
  const { features: n, width } = SETTINGS;
  const N = 40_000;
  const { x, strengths } = known.rows(3, N);
  assertEquals(known.rows(3, 50), knownFeatures(SETTINGS).rows(3, 50));
  const on = (row: number, i: number) => strengths.data[row * n + i] !== 0;
  const share = (test: (row: number) => boolean) => {
    let count = 0;
    for (let row = 0; row < N; row++) count += Number(test(row));
    return count / N;
  };
  const total = known.frequencies.reduce((sum, p) => sum + p, 0);
  assertAlmostEquals(total, 4, 1e-9);
  for (let i = 0; i < n; i++) {
    const p = known.frequencies[i];
    assertAlmostEquals(share((row) => on(row, i)), p, 5 * Math.sqrt(p * (1 - p) / N), `${i}`);
    const parent = known.parents[i];
    assertEquals(parent >= 0, i >= 4 && i < IN_TREES);
    if (parent >= 0) assertEquals(share((row) => on(row, i) && !on(row, parent)), 0);
  }
  // The grandchildren of root 0 are children of its children 4 and 5.
  assertEquals([...known.parents.slice(4, 6), ...known.parents.slice(12, 16)], [0, 0, 4, 4, 5, 5]);
  for (const i of [IN_TREES, IN_TREES + 2, IN_TREES + 4]) {
    const p = known.frequencies[i];
    assertEquals(known.frequencies[i + 1], p);
    const together = share((row) => on(row, i) && on(row, i + 1));
    assertAlmostEquals((together - p * p) / (p * (1 - p)), 0.6, 0.08);
  }
  // Zipf: outside pairs, p falls with the square root of the rank.
  assertAlmostEquals(known.frequencies[3] / known.frequencies[15], 2, 1e-9);
  for (const row of [0, 17, 999]) {
    for (let j = 0; j < width; j++) {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        sum += strengths.data[row * n + i] * known.directions.data[i * width + j];
      }
      assertAlmostEquals(x.data[row * width + j], sum, 1e-5);
    }
  }
  assertThrows(
    () => knownFeatures({ ...SETTINGS, pairs: { count: 9, correlation: 0 } }),
    Error,
    "need more than 40 features",
  );
});

/** Largest sum of scores over all one-to-one pairings. */
function bruteForce(scores: number[][], used = new Set<number>(), row = 0): number {
  if (row === scores.length) return 0;
  const columns = scores[0].length, left = scores.length - row;
  let best = -Infinity;
  // With more rows than columns, a row may stay alone.
  if (left > columns - used.size) best = bruteForce(scores, used, row + 1);
  for (let c = 0; c < columns; c++) {
    if (used.has(c)) continue;
    best = Math.max(best, scores[row][c] + bruteForce(scores, new Set(used).add(c), row + 1));
  }
  return best;
}

Deno.test("bestPairs() finds the largest sum, as trying all pairings does", () => {
  const next = uniform(5);
  for (const [rows, columns] of [[1, 1], [4, 4], [3, 6], [6, 4], [5, 5], [2, 7]]) {
    const scores = Array.from({ length: rows }, () => Array.from({ length: columns }, next));
    const pairs = bestPairs(new Matrix(scores));
    const taken = [...pairs].filter((c) => c >= 0);
    assertEquals(taken.length, Math.min(rows, columns));
    assertEquals(new Set(taken).size, taken.length);
    const sum = [...pairs].reduce((total, c, r) => total + (c < 0 ? 0 : scores[r][c]), 0);
    assertAlmostEquals(sum, bruteForce(scores), 1e-12);
  }
});

Deno.test("matchDirections() and FiringMeter give the values of a case worked by hand", () => {
  const f32 = (shape: number[], ...data: number[]) => tensor(Float32Array.from(data), shape);
  // The first two learned rows are nearest to the first true one; the pairing gives the second the other.
  const learned = f32([3, 2], 2, 0, 3, 4, 0, 0), truth = f32([2, 2], -1, 0, 0, 1);
  const { partners, mcc, uniqueness } = matchDirections(learned, truth);
  assertEquals([...partners], [0, 1, -1]);
  assertAlmostEquals(mcc, (1 + 0.8) / 2, 1e-7);
  // Nearest are the true features 0, 1 and, for the row of zeros, the first.
  assertAlmostEquals(uniqueness, 2 / 3, 1e-12);
  const meter = new FiringMeter(partners);
  meter.add(f32([3, 3], 1, 1, 1, 1, 0, 0, 0, 0, 1), f32([3, 2], 1, 0, 0, 0, 1, 0));
  const { f1, features } = meter.scores();
  assertEquals(features, [
    { precision: 1 / 2, recall: 1 / 2, f1: 1 / 2 },
    { precision: 0, recall: 0, f1: 0 },
    undefined,
  ]);
  assertEquals(f1, 1 / 4);
  assertEquals(featureScores(4, 2, 2), { precision: 1 / 2, recall: 1, f1: 2 / 3 });
});

/** Scores of a coder on fresh rows. */
async function scoresOf(cache: ProgramCache, coder: Coder) {
  const known = knownFeatures(SETTINGS);
  const match = matchDirections(coder.weights.W_dec, known.directions);
  const meter = new FiringMeter(match.partners);
  const { x, strengths } = known.rows(1_000_000, 3000);
  meter.add(await encode(cache, coder, x), strengths);
  return { ...match, f1: meter.scores().f1 };
}

const saeOf = (changes: Partial<Coder["config"]>, weights: Coder["weights"]): Coder => ({
  config: coderConfig({
    kind: "sae",
    dIn: 48,
    dOut: 48,
    features: 40,
    inputHook: "blocks.1.hook_resid_post",
    outputHook: "blocks.1.hook_resid_post",
    ...changes,
  }),
  weights,
});

Deno.test("the dictionary that is the truth scores 1, a random one low, a trained one between", async () => {
  const cache = new ProgramCache({ threads: 1 });
  try {
    const known = knownFeatures(SETTINGS);
    const { features: F, width: d } = SETTINGS;
    const zeros = (n: number) => tensor(new Float32Array(n), [n]);
    // Features are fewer than dimensions, so the pseudo-inverse reads each without the others.
    const rows = Array.from(
      { length: F },
      (_, i) => [...known.directions.data.subarray(i * d, i * d + d)],
    );
    const inverse = pseudoInverse(new Matrix(rows)).transpose();
    const W_enc: F32 = tensor(Float32Array.from(inverse.to1DArray()), [F, d]);
    const threshold = tensor(new Float32Array(F).fill(0.05), [F]);
    const [b_enc, b_dec] = [zeros(F), zeros(d)];
    const truth = saeOf({ activation: { name: "jumprelu" } }, {
      ...{ W_enc, b_enc, W_dec: known.directions, b_dec, threshold },
    });
    const best = await scoresOf(cache, truth);
    assertAlmostEquals(best.mcc, 1, 1e-6);
    assertEquals([best.uniqueness, best.f1], [1, 1]);

    const topk = { activation: { name: "topk", k: 4 } } as const;
    const drawn = unitRows(F, d, new PythonRandom(99));
    const random = await scoresOf(cache, saeOf(topk, { W_enc: drawn, b_enc, W_dec: drawn, b_dec }));

    const shape = { rows: 256, dIn: d, dOut: d, features: F };
    const settings = saelensTopK({ shape, k: 4, deadAfter: 50 });
    const objective = coderObjective(settings);
    const weights = startValues(shape, { seed: 3 });
    const carried = layoutOf(objective.carried ?? []);
    const optimiser = coderOptimiser({ rate: () => 0.01, unitDecoder: true, clip: 1 });
    const state = initialState(weights, ["m", "v"], carried);
    const trainer = await Trainer.compile(objective, optimiser, state, { threads: 1 });
    for (let step = 0; step < 400; step++) {
      await trainer.step({ x: known.rows(step, 256).x.data });
    }
    const trained = trainedCoder(settings, trainer.state);
    await trainer.release();
    const learned = await scoresOf(cache, saeOf(topk, trained.weights));
    for (const key of ["mcc", "f1"] as const) {
      assert(random[key] < 0.5, `random ${key} ${random[key]}`);
      assert(learned[key] > random[key] + 0.2, `trained ${key} ${learned[key]}`);
      assert(learned[key] < best[key]);
    }
    assert(random.uniqueness < 0.8 && learned.uniqueness > random.uniqueness);
  } finally {
    await cache.close();
  }
});
