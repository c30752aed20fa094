/** Objectives small enough to check by hand. */
import { add, gemm, gradients, mean, mul, sub, sum, tensor, type Value } from "../onnx/mod.ts";
import type { Objective } from "./objective.ts";
import { type Optimiser, slotsOf } from "./optimiser/mod.ts";
import { layoutOf, type TensorSpec } from "./parameters.ts";
import { initialState } from "./state.ts";
import { Trainer } from "./trainer.ts";

/** An objective whose gradients are its batches: what an optimiser makes of them is then known exactly. */
export function givenGradients(specs: readonly TensorSpec[]): Objective<Record<string, number[]>> {
  return {
    parameters: specs,
    build(g, parameters) {
      const given = Object.fromEntries(
        specs.map(({ name, shape }) => [name, g.input(`gradient of ${name}`, shape)]),
      );
      const total = (x: Value) => x.rank === 0 ? x : sum(x, x.shape.map((_, i) => i));
      const products = specs.map(({ name }) => total(mul(given[name], parameters[name])));
      return { loss: products.reduce((a, b) => add(a, b)), gradients: given };
    },
    feeds: (batch) =>
      Object.fromEntries(
        specs.map(({ name, shape }) => [
          `gradient of ${name}`,
          tensor(Float32Array.from(batch[name]), [...shape]),
        ]),
      ),
  };
}

/** A trainer that starts from given parameters, laid out one after the other. */
export function trainerFrom<Batch>(
  objective: Objective<Batch>,
  optimiser: Optimiser,
  weights: readonly number[],
): Promise<Trainer<Batch>> {
  const state = initialState(
    Float32Array.from(weights),
    slotsOf(optimiser),
    layoutOf(objective.carried ?? []),
  );
  return Trainer.compile(objective, optimiser, state, { threads: 1 });
}

/** Inputs `[n, 3]` and targets `[n]`. */
export interface Points {
  x: number[];
  y: number[];
}

/** Least squares: w `[3, 1]` and b `[]`, loss = ½ mean (x·w + b − y)². */
export const leastSquares: Objective<Points> = {
  parameters: [{ name: "w", shape: [3, 1] }, { name: "b", shape: [1] }],
  carried: [{ name: "seen", shape: [] }, { name: "steps", shape: [2] }],
  build(g, { w, b }, { seen, steps }) {
    const x = g.input("x", ["n", 3]), y = g.input("y", ["n", 1]);
    const error = sub(add(gemm(x, w), b), y);
    const loss = mul(mean(mul(error, error), [0, 1]), 0.5);
    const scaled = mul(error, g.input("inverse_n", []));
    const [dw, db] = gradients([error], [scaled], [w, b]);
    return {
      loss,
      gradients: { w: dw, b: db },
      metrics: { error: mean(error, [0, 1]) },
      carried: { seen: add(seen, loss), steps: add(steps, 1) },
    };
  },
  feeds: ({ x, y }) => ({
    x: tensor(Float32Array.from(x), [y.length, 3]),
    y: tensor(Float32Array.from(y), [y.length, 1]),
    inverse_n: tensor(Float32Array.of(1 / y.length), []),
  }),
};

/** The solution of {@link points}. */
export const SOLUTION = { w: [2, -1, 0.5], b: 3 };

/** Points of a step on the plane of {@link SOLUTION}. */
export function points(step: number, n = 8): Points {
  const at = (i: number) => Math.sin(1000 * Math.sin(31 * step + i + 1));
  const x = Array.from({ length: 3 * n }, (_, i) => at(i));
  const y = Array.from(
    { length: n },
    (_, i) => SOLUTION.w.reduce((sum, w, j) => sum + w * x[3 * i + j], SOLUTION.b),
  );
  return { x, y };
}
