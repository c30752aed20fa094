/**
 * Dead features: those that have not fired for more than `after` steps. The count is that before the step, so a feature
 * cannot be dead in the first `after` steps.
 *
 *   since ← 0 where a feature fired in the batch, since + 1 elsewhere;   dead = since > after
 *
 * What counts as firing differs: transcoder_circuits and SAELens ask for a positive activation, sparsify for a place among
 * the k largest, whatever its value. sparsify counts tokens; with a fixed batch, tokens / rows is the same as steps.
 */
import { add, cast, greater, sum, type Value, where } from "../../../onnx/mod.ts";
import type { NamedValues, TensorSpec } from "../../../training/mod.ts";
import type { Activations } from "../activations/mod.ts";

/** When a feature counts as dead. */
export interface DeadSettings {
  /** steps without firing; a fraction is allowed, from a number of tokens */
  after: number;
  /** `positive`: a positive activation; `chosen`: a place among the k largest. Default `positive` */
  fired?: "positive" | "chosen";
}

/** Features that are dead at a step. */
export interface Dead {
  /** `[F]`, booleans */
  mask: Value;
  /** their number, float `[]` */
  count: Value;
}

/** Returns the tensor that the count is carried in. */
export function sinceFired(features: number): TensorSpec {
  return { name: "steps_since_fired", shape: [features] };
}

/** Returns the features that are dead before the step. */
export function deadBefore({ steps_since_fired }: NamedValues, { after }: DeadSettings): Dead {
  const mask = greater(steps_since_fired, after);
  return { mask, count: sum(cast(mask, "float32"), [0]) };
}

/** Returns the next count. */
export function countSince(
  { steps_since_fired }: NamedValues,
  { places, values }: Activations,
  { fired = "positive" }: DeadSettings,
): Value {
  const now = places.anywhere(fired === "positive" ? greater(values, 0) : undefined);
  return where(now, 0, add(steps_since_fired, 1));
}
