/** The gradients of an objective at a state, for comparison with other implementations; a training run does not need them. */
import { Graph, mul, Session, type SessionOptions, tensor } from "../onnx/mod.ts";
import type { Objective } from "./objective.ts";
import { layoutOf, type TensorSpec, viewOf } from "./parameters.ts";
import type { TrainingState } from "./state.ts";

/**
 * Returns the loss and the gradient of each parameter, by name, on the batch of the next step; changes nothing.
 */
export async function gradientsAt<Batch>(
  objective: Objective<Batch>,
  state: Pick<TrainingState, "step" | "weights" | "carried">,
  batch: Batch,
  options: SessionOptions = {},
): Promise<{ loss: number; gradients: Record<string, Float32Array> }> {
  const { tensors } = layoutOf(objective.parameters);
  const carried = objective.carried ?? [];
  const g = new Graph();
  const inputs = (specs: readonly TensorSpec[]) =>
    Object.fromEntries(specs.map(({ name, shape }) => [name, g.input(name, shape)]));
  const built = objective.build(g, inputs(tensors), inputs(carried));
  const { gradientFactor: factor } = built;
  const scaled = Object.entries(built.gradients)
    .map(([name, value]) => [`gradient of ${name}`, factor ? mul(value, factor) : value]);
  const outputs = { loss: built.loss, ...Object.fromEntries(scaled) };
  const session = await Session.compile(outputs, {}, options);
  const feeds = {
    ...objective.feeds(batch, state.step + 1),
    ...Object.fromEntries(
      tensors.map((placed) =>
        [placed.name, tensor(viewOf(state.weights, placed), [...placed.shape])] as const
      ),
    ),
    ...Object.fromEntries(
      carried.map(({ name, shape }) => [name, tensor(state.carried[name], [...shape])] as const),
    ),
  };
  const needed = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name));
  const results = await session.run(Object.fromEntries(needed));
  await session.release();
  return {
    loss: results.loss.data[0] as number,
    gradients: Object.fromEntries(
      tensors.map(({ name }) => [name, results[`gradient of ${name}`].data as Float32Array]),
    ),
  };
}
