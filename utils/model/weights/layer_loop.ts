/**
 * Loops over a model's layers. Yields the weights of one stack of layers after another, and reads each stack while ONNX
 * Runtime computes with the one before it.
 */
import { type WeightUnit } from "../blocks/mod.ts";
import type { WeightStore } from "./weight_store.ts";

/** Which layers to loop over, in which order. */
export interface LayerRange {
  /** first layer; default 0 */
  from?: number;
  /** the layer after the last; default: all */
  to?: number;
  /** layers to take; default: all of the range */
  only?: (layer: number) => boolean;
  /** go from the last layer to the first */
  reverse?: boolean;
  /** read the unembedding ahead while the last stack computes */
  thenUnembed?: boolean;
}

/** Consecutive layers and their weights. */
export interface LayerStack {
  /** layers, ascending */
  layers: number[];
  /** weights of each of these layers */
  weights: WeightUnit[];
}

/** Returns the layers of a range in stacks of at most `size`, in the order of the loop. */
export function layerStacks(
  { from = 0, to = 0, reverse = false }: LayerRange,
  size: number,
): number[][] {
  const stacks: number[][] = [];
  for (let l = from; l < to; l += size) {
    stacks.push(Array.from({ length: Math.min(size, to - l) }, (_, i) => l + i));
  }
  return reverse ? stacks.reverse() : stacks;
}

/**
 * Yields the weights of each stack of layers, and starts reading the first layer of the next stack ahead. Tasks that share
 * the weights wait for each other before every stack (`shared_sweeps.ts`).
 */
export async function* loopOverLayers(
  store: WeightStore,
  range: LayerRange,
  size = 1,
): AsyncGenerator<LayerStack> {
  const { only = () => true, reverse = false } = range;
  const stacks = layerStacks({ to: store.config.nLayers, ...range }, size)
    .filter((layers) => layers.some(only));
  for (const [i, layers] of stacks.entries()) {
    await store.sweeps.turn(reverse ? layers.at(-1)! : layers[0], reverse);
    const weights = await Promise.all(layers.map((l) => store.get(String(l))));
    const next = stacks[i + 1];
    if (next) store.prefetch(String(reverse ? next.at(-1) : next[0]));
    else if (range.thenUnembed) store.prefetch("unembed");
    yield { layers, weights };
  }
}
