/**
 * Dead features: those that have not fired for more than `after` steps. The count is that before the step, so a feature
 * cannot be dead in the first `after` steps.
 *
 *   since ← 0 where a feature fired in the batch, since + 1 elsewhere;   dead = since > after
 *
 * What counts as firing differs: transcoder_circuits and SAELens ask for a positive activation, sparsify for a place among
 * the k largest, whatever its value. sparsify counts tokens; with a fixed batch, tokens / rows is the same as steps.
 *
 * Beside it a coder counts the tokens on which each feature had a positive activation. Whoever reports frequencies sets
 * that count to 0 at the start of a window.
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

/** Returns the tensors that the counts are carried in. */
export function firingCounts(features: number): TensorSpec[] {
  return [
    { name: "steps_since_fired", shape: [features] },
    { name: "tokens_fired", shape: [features] },
  ];
}

/** Returns the features that are dead before the step. */
export function deadBefore({ steps_since_fired }: NamedValues, { after }: DeadSettings): Dead {
  const mask = greater(steps_since_fired, after);
  return { mask, count: sum(cast(mask, "float32"), [0]) };
}

/** Returns the next counts, by the names of {@link firingCounts}. */
export function nextCounts(
  { steps_since_fired, tokens_fired }: NamedValues,
  { places, values }: Activations,
  { fired = "positive" }: DeadSettings,
): NamedValues {
  const positive = places.count(greater(values, 0));
  const now = greater(fired === "positive" ? positive : places.count(), 0);
  return {
    steps_since_fired: where(now, 0, add(steps_since_fired, 1)),
    tokens_fired: add(tokens_fired, positive),
  };
}
