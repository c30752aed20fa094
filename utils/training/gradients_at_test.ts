import { assertAlmostEquals, assertEquals } from "@std/assert";
import { mul } from "../onnx/mod.ts";
import { gradientsAt } from "./gradients_at.ts";
import type { Objective } from "./objective.ts";
import { leastSquares, type Points, points } from "./testdata.ts";

Deno.test("gradientsAt() gives loss and gradients, their common factor included, and changes nothing", async () => {
  const weights = Float32Array.of(0.3, -0.2, 0.1, 0.5);
  const batch = points(2);
  const n = batch.y.length;
  const errors = batch.y.map((y, i) =>
    weights[3] - y + [0, 1, 2].reduce((sum, j) => sum + weights[j] * batch.x[3 * i + j], 0)
  );
  const expected = [0, 1, 2].map((j) =>
    errors.reduce((sum, e, i) => sum + e * batch.x[3 * i + j], 0) / n
  );
  const halved: Objective<Points> = {
    ...leastSquares,
    build(g, parameters, carried) {
      const built = leastSquares.build(g, parameters, carried);
      const twice = Object.entries(built.gradients).map(([name, x]) => [name, mul(x, 2)]);
      return { ...built, gradients: Object.fromEntries(twice), gradientFactor: g.constant(0.5) };
    },
  };
  const state = {
    step: 0,
    weights,
    carried: { seen: new Float32Array(1), steps: new Float32Array(2) },
  };
  for (const objective of [leastSquares, halved]) {
    const { loss, gradients } = await gradientsAt(objective, state, batch);
    assertAlmostEquals(loss, errors.reduce((sum, e) => sum + e * e / 2, 0) / n, 1e-5);
    expected.forEach((x, j) => assertAlmostEquals(gradients.w[j], x, 1e-5));
    assertAlmostEquals(gradients.b[0], errors.reduce((a, b) => a + b, 0) / n, 1e-5);
  }
  assertEquals(weights, Float32Array.of(0.3, -0.2, 0.1, 0.5));
  assertEquals(state.carried.steps, new Float32Array(2));
});
