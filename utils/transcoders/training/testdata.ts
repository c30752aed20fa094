/** Random coders and batches for tests. */
import { PythonRandom } from "../../base/mod.ts";
import { initialState, layoutOf, type TrainingState, viewOf } from "../../training/mod.ts";
import type { CoderBatch, coderObjective } from "./coder_objective.ts";
import type { CoderShape } from "./shape.ts";

/** The sizes that most tests use. */
export const SHAPE: CoderShape = { rows: 7, dIn: 5, dOut: 6, features: 20, inputBias: "own" };

/** Returns numbers between −1 and 1. */
export function noise(n: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new PythonRandom(seed);
  return Float32Array.from({ length: n }, () => random.uniform(-1, 1));
}

/** Returns a batch of random inputs and targets. */
export function randomBatch({ rows, dIn, dOut }: CoderShape, seed: number): CoderBatch {
  return { x: noise(rows * dIn, seed), y: noise(rows * dOut, seed + 1) };
}

/**
 * Returns a state with random parameters. Decoder rows have different norms, and a threshold's logarithm is near ln 0.3.
 * @param dead features that have not fired for 100 steps
 */
export function randomState(
  objective: ReturnType<typeof coderObjective>,
  dead: readonly number[] = [],
  seed = 1,
): TrainingState {
  const layout = layoutOf(objective.parameters);
  const weights = noise(layout.size, seed);
  const decoder = layout.tensors.find(({ name }) => name === "W_dec")!;
  const factor = (i: number) => 0.3 + Math.floor(i / decoder.shape[1]) % 4 * 0.5;
  viewOf(weights, decoder).forEach((x, i, all) => all[i] = factor(i) * x);
  const logs = layout.tensors.find(({ name }) => name === "log_threshold");
  if (logs) viewOf(weights, logs).forEach((x, i, all) => all[i] = Math.log(0.3) + 0.2 * x);
  const state = initialState(weights, ["m", "v"], layoutOf(objective.carried ?? []));
  for (const f of dead) state.carried.steps_since_fired[f] = 100;
  return state;
}
