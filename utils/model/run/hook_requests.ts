/**
 * What a run asks of the hook points, sorted by the part of the model that has them: embedding, blocks, final
 * LayerNorm. Each part is compiled for its own plan and fed its own patches.
 */
import { type Feeds, type Tensor, tensor } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import { type HookPlan, maskFeed, maskShape, parseHookName, patchFeed } from "../blocks/hooks.ts";
import type { LayerPatch, LayerRun } from "./layer_runner.ts";

/** A hook point given another value where `mask` is true; without a mask everywhere. */
export interface Patch {
  hook: string;
  /** the shape of the hook point */
  value: Tensor;
  /** one flag per batch item, position and head: the hook point's shape with last axis 1 (whole shape for patterns) */
  mask?: Tensor;
}

/** Plan and patches of the part before or after the blocks. */
export interface OuterRequests {
  plan: HookPlan;
  feeds: Feeds;
}

export interface HookRequests {
  embedding: OuterRequests;
  layers: Pick<LayerRun, "read" | "patches" | "differentiate">;
  final: OuterRequests;
}

/**
 * Sorts the requests of a run.
 * @throws Error naming a hook that the model does not have, or that is patched twice.
 */
export function sortRequests(
  config: ModelConfig,
  read: readonly string[] = [],
  patches: readonly Patch[] = [],
  differentiate: readonly string[] = [],
): HookRequests {
  const outer = (final: boolean): OuterRequests => {
    const here = (name: string) =>
      parseHookName(name, config).layer === undefined && name.startsWith("ln_final.") === final;
    const given = patches.filter((p) => here(p.hook));
    return {
      plan: {
        read: read.filter(here),
        patch: given.map((p) => p.hook),
        differentiate: differentiate.filter(here),
      },
      feeds: patchFeeds(given),
    };
  };
  const seen = new Set<string>();
  const layerPatches = new Map<number, LayerPatch[]>();
  for (const patch of patches) {
    if (seen.has(patch.hook)) {
      throw new Error(`hook "${patch.hook}" is patched twice; merge the values and masks`);
    }
    seen.add(patch.hook);
    const { layer, point } = parseHookName(patch.hook, config);
    if (layer === undefined) continue;
    const list = layerPatches.get(layer) ?? [];
    list.push({ point, value: patch.value, mask: patch.mask ?? fullMask(patch.value, point) });
    layerPatches.set(layer, list);
  }
  return {
    embedding: outer(false),
    layers: {
      read: byLayer(read, config),
      patches: layerPatches,
      differentiate: byLayer(differentiate, config),
    },
    final: outer(true),
  };
}

/** Feeds of patches outside the blocks. */
function patchFeeds(patches: readonly Patch[]): Feeds {
  return Object.fromEntries(patches.flatMap(({ hook, value, mask }) => [
    [patchFeed(hook), value],
    [maskFeed(hook), mask ?? fullMask(value, hook)],
  ]));
}

function byLayer(names: readonly string[], config: ModelConfig): Map<number, string[]> {
  const map = new Map<number, string[]>();
  for (const name of names) {
    const { layer, point } = parseHookName(name, config);
    if (layer === undefined) continue;
    const points = map.get(layer) ?? [];
    if (!points.includes(point)) map.set(layer, [...points, point]);
  }
  return map;
}

/** The mask that is true everywhere. */
function fullMask(value: Tensor, point: string): Tensor {
  const shape = maskShape(value.shape, point) as number[];
  return tensor(new Uint8Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
}
