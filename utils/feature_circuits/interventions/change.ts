/**
 * Interventions on features, and their form for a run: every layer has a factor and an offset per position and feature, so that
 * an activation a becomes `factor·a + offset`.
 */
import { type F32, tensor } from "../../onnx/mod.ts";
import type { CleanPrompt } from "./clean_prompt.ts";

/** What an intervention makes of an activation: a value, a multiple (0 ablates), or a sum. */
export type FeatureChange = { set: number } | { multiply: number } | { add: number };

/** A change of one feature. */
export type Intervention = FeatureChange & {
  /** layer of the feature */
  layer: number;
  /** position, or all of them, those of generated tokens too */
  position: number | "all";
  /** number of the feature in its coder */
  feature: number;
};

/** How a layer's activations change in a batch of runs; see the header. */
export interface LayerChange {
  /** `[batch, pos, F]` */
  factor: F32;
  /** `[batch, pos, F]` */
  offset: F32;
}

/** Returns an intervention that removes a feature. */
export const ablated = (
  layer: number,
  position: number | "all",
  feature: number,
): Intervention => ({
  layer,
  position,
  feature,
  set: 0,
});

/** Returns a change that keeps every activation. */
export function noChange(batch: number, positions: number, features: number): LayerChange {
  const shape = [batch, positions, features], size = batch * positions * features;
  return {
    factor: tensor(new Float32Array(size).fill(1), shape),
    offset: tensor(new Float32Array(size), shape),
  };
}

/** Where lists of interventions act. */
export interface ChangePlace {
  /** number of positions of the run */
  positions: number;
  /** keeps only interventions at all positions: what holds for generated tokens */
  everywhereOnly?: boolean;
}

/**
 * Returns the changes of each layer for a batch, one list of interventions per run. A list's interventions act in their order.
 * Layers without an intervention have none.
 * @throws Error naming a layer, position or feature that there is not, or a value that is not finite.
 */
export function layerChanges(
  { coders }: Pick<CleanPrompt, "coders">,
  lists: readonly (readonly Intervention[])[],
  { positions, everywhereOnly = false }: ChangePlace,
): (LayerChange | undefined)[] {
  const changes: (LayerChange | undefined)[] = coders.map(() => undefined);
  for (const [row, list] of lists.entries()) {
    for (const intervention of list) {
      const { layer, position, feature } = intervention;
      const F = coders[layer]?.config.features;
      within("layer", layer, coders.length);
      within("feature", feature, F);
      if (everywhereOnly && position !== "all") continue;
      if (position !== "all") within("position", position, positions);
      const change = changes[layer] ??= noChange(lists.length, positions, F);
      const [first, last] = position === "all" ? [0, positions - 1] : [position, position];
      for (let p = first; p <= last; p++) {
        apply(change, (row * positions + p) * F + feature, intervention);
      }
    }
  }
  return changes;
}

function apply({ factor, offset }: LayerChange, at: number, change: FeatureChange): void {
  const [value] = "set" in change
    ? [change.set]
    : "add" in change
    ? [change.add]
    : [change.multiply];
  if (!Number.isFinite(value)) {
    throw new Error(`intervention ${JSON.stringify(change)}: expected a finite number`);
  }
  if ("add" in change) offset.data[at] += value;
  else if ("multiply" in change) {
    factor.data[at] *= value;
    offset.data[at] *= value;
  } else {
    factor.data[at] = 0;
    offset.data[at] = value;
  }
}

function within(what: string, value: number, count: number): void {
  if (Number.isInteger(value) && value >= 0 && value < count) return;
  throw new Error(`intervention at ${what} ${value}: expected 0 … ${count - 1}`);
}
