/** Holds the state of a run: all that a resumed run needs besides its settings. */
import type { Layout } from "./parameters.ts";

/** What training changes. `Memory` is where its vectors are; threads may share it. */
export interface TrainingState<Memory extends ArrayBufferLike = ArrayBuffer> {
  /** steps done */
  step: number;
  /** the parameters, one after the other in the objective's order */
  readonly weights: Float32Array<Memory>;
  /** what the optimiser keeps, by slot; each vector is laid out like `weights` */
  readonly slots: Readonly<Record<string, Float32Array<Memory>>>;
  /** what the objective carries from step to step, by name */
  readonly carried: Readonly<Record<string, Float32Array<Memory>>>;
}

/** Returns the state before the first step: slots and carried tensors hold zeros. */
export function initialState(
  weights: Float32Array<ArrayBuffer>,
  slots: readonly string[],
  carried: Layout,
): TrainingState {
  return {
    step: 0,
    weights,
    slots: Object.fromEntries(slots.map((name) => [name, new Float32Array(weights.length)])),
    carried: Object.fromEntries(
      carried.tensors.map(({ name, size }) => [name, new Float32Array(size)]),
    ),
  };
}

/**
 * Checks that a state belongs to an objective and its optimiser.
 * @throws Error naming the vector, its length and the expected one.
 */
export function checkState(
  state: TrainingState<ArrayBufferLike>,
  layout: Layout,
  slots: readonly string[],
  carried: Layout,
): void {
  const check = (name: string, vector: Float32Array | undefined, size: number) => {
    if (vector?.length === size) return;
    throw new Error(
      `the training state has ${
        vector?.length ?? "no"
      } elements of "${name}", the objective ${size}`,
    );
  };
  check("weights", state.weights, layout.size);
  for (const name of slots) check(name, state.slots[name], layout.size);
  for (const { name, size } of carried.tensors) check(name, state.carried[name], size);
}
