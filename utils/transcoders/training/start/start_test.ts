import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { layoutOf, viewOf } from "../../../training/mod.ts";
import { coderParameters, type CoderShape } from "../shape.ts";
import { biasStart, geometricMedian } from "./bias_start.ts";
import { type StartSettings, startValues } from "./start_values.ts";

const SHAPE: CoderShape = { rows: 1, dIn: 4, dOut: 4, features: 30 };

/** The start by parameter. */
function start(settings: StartSettings, shape = SHAPE) {
  const vector = startValues(shape, settings);
  return Object.fromEntries(
    layoutOf(coderParameters(shape)).tensors.map((t) => [t.name, viewOf(vector, t)]),
  );
}

const norms = (w: Float32Array, width: number) =>
  Array.from(
    { length: w.length / width },
    (_, i) => Math.hypot(...w.subarray(i * width, (i + 1) * width)),
  );

Deno.test("the start has decoder rows of the norm asked for and a tied encoder", () => {
  const { W_enc, b_enc, W_dec, b_dec } = start({ seed: 3, decoderNorm: 0.1, tiedScale: 2 });
  for (const norm of norms(W_dec, 4)) assertAlmostEquals(norm, 0.1, 1e-7);
  W_enc.forEach((w, i) => assertEquals(w, Math.fround(2 * W_dec[i])));
  assert([...b_enc, ...b_dec].every((x) => x === 0));
});

Deno.test("the start depends on the seed alone, and the decoder not on the encoder's kind", () => {
  const tied = start({ seed: 3 }), again = start({ seed: 3 }), other = start({ seed: 4 });
  assertEquals(tied, again);
  assert(tied.W_dec[0] !== other.W_dec[0]);
  assertEquals(start({ seed: 3, encoder: "kaiming" }).W_dec, tied.W_dec);
});

Deno.test("Kaiming and linear starts fill their intervals", () => {
  const shape = { ...SHAPE, dIn: 9, features: 400 };
  for (const [encoder, bound] of [["kaiming", Math.sqrt(6 / 400)], ["linear", 1 / 3]] as const) {
    const { W_enc } = start({ seed: 1, encoder }, shape);
    const largest = Math.max(...W_enc.map(Math.abs));
    assert(largest <= bound && largest > 0.99 * bound, `${encoder}: ${largest} of ${bound}`);
    const variance = W_enc.reduce((sum, w) => sum + w * w, 0) / W_enc.length;
    assertAlmostEquals(variance / (bound * bound / 3), 1, 0.05);
  }
});

Deno.test("a decoder starts from the neurons of an MLP, one feature each", () => {
  const rows = Float32Array.of(3, 0, 4, 0, 0, 0, 0, -2);
  const { W_dec, W_enc } = start({
    seed: 1,
    decoder: { rows },
    encoder: { rows: Float32Array.of(1, 2, 3, 4) },
  });
  assertEquals([...W_dec.subarray(0, 8)], [0.6, 0, 0.8, 0, 0, 0, 0, -1].map(Math.fround));
  for (const norm of norms(W_dec, 4)) assertAlmostEquals(norm, 1, 1e-6);
  assertEquals([...W_enc.subarray(0, 4)], [1, 2, 3, 4]);
  assert(W_enc.subarray(4).every((w) => w !== 0));
});

Deno.test("biases, thresholds and a centre are put in their places", () => {
  const shape: CoderShape = { ...SHAPE, inputBias: "own", threshold: true, skip: true };
  const centre = Float32Array.of(1, -1, 2, 0.5);
  const outputBias = Float32Array.of(1, 2, 3, 4), inputBias = Float32Array.of(5, 6, 7, 8);
  const found = start({ seed: 1, centre, outputBias, inputBias, threshold: 0.5 }, shape);
  assertEquals([found.b_dec, found.b_in], [outputBias, inputBias]);
  assert(found.log_threshold.every((x) => x === Math.fround(Math.log(0.5))));
  assert(found.W_skip.every((x) => x === 0));
  // The centre is encoded to 0.
  found.b_enc.forEach((b, f) => {
    const product = centre.reduce((sum, c, d) => sum + c * found.W_enc[4 * f + d], 0);
    assertAlmostEquals(b + product, 0, 1e-6);
  });
});

Deno.test("a decoder of zeros stays, with an encoder of its own", () => {
  const { W_dec, W_enc } = start({ seed: 1, decoder: "zeros", encoder: "linear" });
  assert(W_dec.every((w) => w === 0) && W_enc.every((w) => w !== 0));
});

Deno.test("startValues() refuses what does not fit the coder", () => {
  const refused = (settings: Partial<StartSettings>, message: string, shape = SHAPE) =>
    assertThrows(() => startValues(shape, { seed: 1, ...settings }), Error, message);
  refused({ decoder: { rows: new Float32Array(31 * 4) } }, "at most 30 rows of 4 elements");
  refused({ decoder: { rows: new Float32Array(7) } }, "found 7 elements");
  refused({}, "the input has 3, the target 4", { ...SHAPE, dIn: 3 });
  refused({ outputBias: new Float32Array(3) }, "start of b_dec: expected 4 elements, found 3");
  refused({ inputBias: new Float32Array(4) }, "start of b_in: expected no elements");
  refused({ centre: new Float32Array(3) }, "a centre of 4 elements, found 3");
});

Deno.test("the geometric median of points on a line is their median; of a triangle, its Fermat point", () => {
  const line = Float32Array.from([0, 1, 2, 10, 1000].flatMap((t) => [3 * t, 4 * t]));
  const [x, y] = geometricMedian(line, 2, { iterations: 5000 });
  assertAlmostEquals(x, 6, 1e-2);
  assertAlmostEquals(y, 8, 1e-2);
  // Equal angles of 120°: for a right triangle with legs 1 it is on the diagonal, at (3 − √3)/6.
  const [a, b] = geometricMedian(Float32Array.of(0, 0, 1, 0, 0, 1), 2);
  assertAlmostEquals(a, (3 - Math.sqrt(3)) / 6, 1e-6);
  assertAlmostEquals(b, a, 1e-6);
});

Deno.test("biasStart() gives zeros, the mean and the median, and refuses parts of rows", () => {
  const sample = Float32Array.of(0, 0, 2, 0, 2, 2, 0, 2, 1, 16);
  assertEquals([...biasStart("zeros", sample, 2)], [0, 0]);
  assertEquals([...biasStart("mean", sample, 2)], [1, 4]);
  const [, y] = biasStart("geometric_median", sample, 2);
  assert(y < 2, `the far point pulls the median to ${y}`);
  for (const bad of [new Float32Array(3), new Float32Array()]) {
    assertThrows(() => biasStart("mean", bad, 2), Error, "expected rows of 2 elements");
  }
});
