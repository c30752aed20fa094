/**
 * What a run asks of the hook points, sorted by the part of the model that has them: embedding, blocks, final
 * LayerNorm. Each part is compiled for its own plan and fed its own patches.
 */
import { type Feeds, type Tensor, tensor } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import {
  checkSpliceWeights,
  type HookName,
  hookName,
  type HookPlan,
  maskFeed,
  maskShape,
  parseHookName,
  patchFeed,
  type SplicedLayer,
  splicePoint,
} from "../blocks/mod.ts";
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
  layers: Pick<LayerRun, "read" | "splices" | "patches" | "freeze" | "differentiate">;
  final: OuterRequests;
}

/** What a run asks, by full hook name. */
export interface Requests {
  read?: readonly string[];
  splices?: readonly SplicedLayer[];
  patches?: readonly Patch[];
  freeze?: readonly string[];
  differentiate?: readonly string[];
}

/** The part of a model that a run goes through. */
export interface RunRange {
  /** whether it begins with tokens */
  embeds: boolean;
  /** first layer, and the layer after the last */
  from: number;
  to: number;
}

/**
 * Sorts the requests of a run.
 * @throws Error naming a hook that the model does not have, that the run does not come to, or that is patched twice; or a
 * splice that does not fit.
 */
export function sortRequests(
  config: ModelConfig,
  { read = [], splices = [], patches = [], freeze = [], differentiate = [] }: Requests,
  range: RunRange = { embeds: true, from: 0, to: config.nLayers },
): HookRequests {
  const spliced = splicesByLayer(splices, config);
  const own = splices.flatMap(({ layer, splice: { name, form } }) =>
    (form.points ?? []).map((point) => hookName(layer, splicePoint(name, point)))
  );
  const parse = (name: string) => {
    const hook = parseHookName(name, config, own);
    checkRange(name, hook, range, config);
    return hook;
  };
  for (const { layer, splice } of splices) {
    const point = Object.keys(splice.form.at)[0] ?? splice.name;
    checkRange(hookName(layer, point), { layer, point }, range, config);
  }
  const outer = (final: boolean): OuterRequests => {
    const here = (name: string) =>
      parse(name).layer === undefined && name.startsWith("ln_final.") === final;
    const given = patches.filter((p) => here(p.hook));
    return {
      plan: {
        read: read.filter(here),
        patch: given.map((p) => p.hook),
        freeze: freeze.filter(here),
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
    const { layer, point } = parse(patch.hook);
    if (layer === undefined) continue;
    const list = layerPatches.get(layer) ?? [];
    list.push({ point, value: patch.value, mask: patch.mask ?? fullMask(patch.value, point) });
    layerPatches.set(layer, list);
  }
  return {
    embedding: outer(false),
    layers: {
      read: byLayer(read, parse),
      splices: spliced,
      patches: layerPatches,
      freeze: byLayer(freeze, parse),
      differentiate: byLayer(differentiate, parse),
    },
    final: outer(true),
  };
}

/** @throws Error when a run does not come to a hook point. */
function checkRange(
  name: string,
  { layer, point }: HookName,
  { embeds, from, to }: RunRange,
  { nLayers }: ModelConfig,
): void {
  const isFinal = point.startsWith("ln_final.");
  const reached = layer === undefined
    ? isFinal ? to === nLayers : embeds
    : layer >= from && layer < to;
  if (reached) return;
  const start = embeds ? "the tokens" : `layer ${from}`;
  throw new Error(`hook "${name}" is not part of this run, from ${start} to before layer ${to}`);
}

/** Feeds of patches outside the blocks. */
function patchFeeds(patches: readonly Patch[]): Feeds {
  return Object.fromEntries(patches.flatMap(({ hook, value, mask }) => [
    [patchFeed(hook), value],
    [maskFeed(hook), mask ?? fullMask(value, hook)],
  ]));
}

function byLayer(
  names: readonly string[],
  parse: (name: string) => HookName,
): Map<number, string[]> {
  const map = new Map<number, string[]>();
  for (const name of names) {
    const { layer, point } = parse(name);
    if (layer === undefined) continue;
    const points = map.get(layer) ?? [];
    if (!points.includes(point)) map.set(layer, [...points, point]);
  }
  return map;
}

/** @throws Error naming the splice whose layer or weights do not fit. */
function splicesByLayer(
  splices: readonly SplicedLayer[],
  { nLayers }: ModelConfig,
): Map<number, SplicedLayer[]> {
  const map = new Map<number, SplicedLayer[]>();
  for (const spliced of splices) {
    const { layer, splice } = spliced;
    if (!Number.isInteger(layer) || layer < 0 || layer >= nLayers) {
      throw new Error(
        `splice "${splice.name}" at layer ${layer}: the model has layers 0 … ${nLayers - 1}`,
      );
    }
    checkSpliceWeights(spliced);
    map.set(layer, [...map.get(layer) ?? [], spliced]);
  }
  return map;
}

/** The mask that is true everywhere. */
function fullMask(value: Tensor, point: string): Tensor {
  const shape = maskShape(value.shape, point) as number[];
  return tensor(new Uint8Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
}
