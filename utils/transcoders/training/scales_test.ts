/** Scales of a sample, and parameters of plain and of scaled rows as one function. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { coderObjective } from "./coder_objective.ts";
import { saelensJumpRelu } from "./peers.ts";
import { carriedScales, scalesOf, setScales, toScaled } from "./scales.ts";
import { randomState, SHAPE } from "./testdata.ts";
import { trainedCoder } from "./trained_coder.ts";

Deno.test("scalesOf() gives dimensions variance 1 on average", () => {
  // Inputs (1, 0), (3, 0), (2, 6), (2, 6): variances 0.5 and 9. Targets do not differ.
  const sample = {
    x: Float32Array.of(1, 0, 3, 0, 2, 6, 2, 6),
    y: Float32Array.of(5, 5, 5, 5),
  };
  const { input, target } = scalesOf(sample, { dIn: 2, dOut: 1 });
  assertAlmostEquals(input, Math.sqrt(2 / 9.5), 1e-12);
  assertEquals(target, 1);
});

Deno.test("parameters of scaled rows give the coder that those of plain rows give", () => {
  const shape = { ...SHAPE, skip: true };
  const settings = saelensJumpRelu({
    ...{ shape, deadAfter: 9, bandwidth: 0.1 },
    sparsity: { coefficient: 0.1 },
  });
  const state = randomState(coderObjective(settings));
  const expected = trainedCoder(settings, state);
  const scales = { input: 3.5, target: 0.2 };
  toScaled(state.weights, settings.shape, scales);
  const normalize = { ...settings, normalize: true };
  const carried = {
    ...state.carried,
    input_scale: new Float32Array(1),
    target_scale: new Float32Array(1),
  };
  assertThrows(() => trainedCoder(normalize, { ...state, carried }), Error, "set them before");
  setScales(carried, scales);
  assertAlmostEquals(carriedScales(carried).target, 0.2, 1e-7);
  const found = trainedCoder(normalize, { ...state, carried });
  for (const name of Object.keys(expected.weights) as (keyof typeof expected.weights)[]) {
    const ours = found.weights[name]!.data;
    expected.weights[name]!.data.forEach((x, i) => assertAlmostEquals(ours[i], x, 1e-5, name));
  }
});
