import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { uniform } from "../../../tests/support/random_model.ts";
import { initialState, layoutOf, viewOf } from "../../training/mod.ts";
import { resampleFeatures, type ResampleSettings, WeighedDraw } from "./resampling.ts";
import { coderParameters, type CoderShape } from "./shape.ts";

Deno.test("WeighedDraw draws pairs as successive draws without replacement do", () => {
  const weights = [1, 2, 0, 5, 2];
  const next = uniform(3);
  const rounds = 40_000, found = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const draw = new WeighedDraw<number>(2, () => (next() + 1) / 2);
    weights.forEach((weight, i) => draw.add(weight, () => i));
    const key = String(draw.rows());
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  for (const [i, first] of weights.entries()) {
    for (const [j, second] of weights.entries()) {
      const p = i === j ? 0 : first / 10 * second / (10 - first);
      const deviation = Math.sqrt(Math.max(p * (1 - p), 1e-9) / rounds);
      assertAlmostEquals((found.get(`${i},${j}`) ?? 0) / rounds, p, 4 * deviation, `${i}, ${j}`);
    }
  }
  const few = new WeighedDraw<string>(9, () => 0.5);
  few.add(1, () => "a");
  few.add(0, () => "b");
  assertEquals(few.rows(), ["a"]);
});

const [D_IN, D_OUT, F] = [3, 2, 4];
const rows = [
  { x: Float32Array.of(3, 1, -1), residual: Float32Array.of(0.6, -0.8) },
  { x: Float32Array.of(0, 5, 2), residual: Float32Array.of(0, 4) },
];
const MEAN = [1, 1, 1];

/** A coder and optimiser full of numbers, and the views of its tensors before and after resampling. */
function resampled(more: Partial<CoderShape>, settings: Partial<ResampleSettings> = {}) {
  const shape: CoderShape = { rows: 8, dIn: D_IN, dOut: D_OUT, features: F, ...more };
  const layout = layoutOf(coderParameters(shape));
  const next = uniform(11);
  const vector = () => Float32Array.from({ length: layout.size }, next);
  const carried = layoutOf([{ name: "steps_since_fired", shape: [F] }]);
  const state = initialState(vector(), ["m", "v"], carried);
  for (const slot of Object.values(state.slots)) slot.set(vector());
  state.carried.steps_since_fired.set([7, 30, 0, 40]);
  const views = () => {
    const of = (values: Float32Array<ArrayBuffer>) =>
      Object.fromEntries(layout.tensors.map((p) => [p.name, [...viewOf(values, p)]]));
    return { weights: of(state.weights), m: of(state.slots.m), v: of(state.slots.v) };
  };
  const before = views();
  const count = resampleFeatures(state, {
    ...{ shape, dead: [1, 3], rows, mean: MEAN, scale: 0.2 },
    ...settings,
  });
  return { before, after: views(), count, since: [...state.carried.steps_since_fired] };
}

const row = (values: number[], f: number, width: number) =>
  values.slice(f * width, (f + 1) * width);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);
const norm = (a: ArrayLike<number>) => Math.sqrt(dot(a, a));

for (const inputBias of [undefined, "own", "shared"] as const) {
  Deno.test(`a resampled feature reads its row and writes what was missing there (bias: ${inputBias})`, () => {
    const dOut = inputBias === "shared" ? D_IN : D_OUT;
    const residuals = inputBias === "shared" ? rows.map(({ x }) => ({ x, residual: x })) : rows;
    const { before, after, count, since } = resampled(
      { dOut, threshold: true, ...inputBias && { inputBias } },
      { rows: residuals, threshold: 0.3 },
    );
    assertEquals(count, 2);
    assertEquals(since, [7, 0, 0, 0]);
    const { W_enc, b_enc, W_dec, b_dec, b_in, log_threshold } = after.weights;
    const centre = inputBias === "own" ? b_in : inputBias === "shared" ? b_dec : MEAN;
    const living = [0, 2].map((f) => norm(row(before.weights.W_enc, f, D_IN)));
    const expected = 0.2 * (living[0] + living[1]) / 2;
    for (const [i, f] of [1, 3].entries()) {
      const centred = Array.from(rows[i].x, (x, j) => x - centre[j]);
      // the pre-activation at the row is the product of the norms: the directions are the same
      const input = inputBias ? centred : rows[i].x;
      const pre = dot(row(W_enc, f, D_IN), input) + b_enc[f];
      assertAlmostEquals(pre, expected * norm(centred), 1e-5);
      assertAlmostEquals(norm(row(W_enc, f, D_IN)), expected, 1e-6);
      const writing = row(W_dec, f, dOut);
      const target = inputBias === "shared" ? centred : rows[i].residual;
      assertAlmostEquals(norm(writing), 1, 1e-6);
      assertAlmostEquals(dot(writing, target), norm(target), 1e-5);
      assertAlmostEquals(log_threshold[f], Math.log(0.3), 1e-6);
    }
    // everything else is as before, and moments are 0 exactly in the new rows
    for (const [part, zero] of [["weights", false], ["m", true], ["v", true]] as const) {
      for (const [name, values] of Object.entries(after[part])) {
        const width = { W_enc: D_IN, W_dec: dOut, b_enc: 1, log_threshold: 1 }[name];
        values.forEach((value, i) => {
          const changed = width !== undefined && [1, 3].includes(Math.floor(i / width));
          if (!changed) assertEquals(value, before[part][name][i], `${part} ${name} ${i}`);
          else if (zero) assertEquals(value, 0, `${part} ${name} ${i}`);
        });
      }
    }
  });
}

Deno.test("features beyond the rows stay; where none lives, all encoder rows give the norm", () => {
  const { before, after, count, since } = resampled({}, { dead: [0, 1, 2, 3] });
  assertEquals(count, 2);
  assertEquals(since, [0, 0, 0, 40]);
  const of = (values: number[], f: number) => row(values, f, D_IN);
  const all = [0, 1, 2, 3].map((f) => norm(of(before.weights.W_enc, f)));
  const mean = all.reduce((a, b) => a + b) / 4;
  assertAlmostEquals(norm(of(after.weights.W_enc, 0)), 0.2 * mean, 1e-6);
  assertEquals(of(after.weights.W_enc, 2), of(before.weights.W_enc, 2));
  assert(after.m.W_dec.slice(4).every((value, i) => value === before.m.W_dec[4 + i]));
});
