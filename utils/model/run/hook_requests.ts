/**
 * Sorts what a run does at its hook points by the part of the model that contains them: embedding, blocks, final
 * LayerNorm. Each part is compiled for its own plan and takes its own patches.
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
  spliceHookName,
} from "../blocks/mod.ts";
import { matchHooks } from "./hook_patterns.ts";
import type { LayerPatch, LayerRun } from "./layer_runner.ts";

/** Another value for a hook point where `mask` is true, or everywhere without a mask. */
export interface Patch {
  /** full name of the hook point */
  hook: string;
  /** new value, in the hook point's shape */
  value: Tensor;
  /** booleans in the hook point's shape with last axis 1; in its whole shape for attention scores and patterns */
  mask?: Tensor;
}

/** Plan and patches of the part before or after the blocks. */
export interface OuterRequests {
  /** what that part does at its hook points */
  plan: HookPlan;
  /** values and masks of its patches */
  feeds: Feeds;
}

/** Requests sorted by the part of the model. */
export interface HookRequests {
  /** requests at the embeddings */
  embedding: OuterRequests;
  /** requests inside the blocks, by layer */
  layers: Pick<LayerRun, "read" | "splices" | "patches" | "freeze" | "differentiate">;
  /** requests at the final LayerNorm */
  final: OuterRequests;
}

/** What a run does at its hook points, by full name. */
export interface Requests {
  /** points whose values are returned; with `*`, all that match and that the run reaches */
  read?: readonly string[];
  /** sub-graphs that replace values, layer by layer */
  splices?: readonly SplicedLayer[];
  /** values given to points */
  patches?: readonly Patch[];
  /** points that no gradient passes */
  freeze?: readonly string[];
  /** points that a gradient is taken with respect to */
  differentiate?: readonly string[];
}

/** The part of a model that a run covers. */
export interface RunRange {
  /** whether the run starts with tokens */
  embeds: boolean;
  /** first layer */
  from: number;
  /** layer after the last */
  to: number;
}

/**
 * Sorts the requests of a run.
 * @throws Error naming a hook that the model does not have, that is outside the run, or that is patched twice; or naming a
 * splice whose layer or weights do not fit.
 */
export function sortRequests(
  config: ModelConfig,
  { read: wanted = [], splices = [], patches = [], freeze = [], differentiate = [] }: Requests,
  range: RunRange = { embeds: true, from: 0, to: config.nLayers },
): HookRequests {
  const spliced = splicesByLayer(splices, config);
  const own = splices.flatMap(({ layer, splice: { name, form } }) =>
    (form.points ?? []).map((point) => spliceHookName(layer, name, point))
  );
  const read = withoutPatterns(wanted, config, range);
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

/** Replaces patterns by the hook points that match and that a run reaches. @throws Error naming a pattern without any. */
function withoutPatterns(
  names: readonly string[],
  config: ModelConfig,
  range: RunRange,
): readonly string[] {
  if (!names.some((name) => name.includes("*"))) return names;
  const found = names.flatMap((name) => {
    if (!name.includes("*")) return [name];
    const all = matchHooks(name, config);
    const reached = all.filter((hook) => isReached(parseHookName(hook, config), range, config));
    if (reached.length === 0) checkRange(all[0], parseHookName(all[0], config), range, config);
    return reached;
  });
  return [...new Set(found)];
}

/** Returns whether a run reaches a hook point. */
function isReached(
  { layer, point }: HookName,
  { embeds, from, to }: RunRange,
  { nLayers }: ModelConfig,
): boolean {
  if (layer !== undefined) return layer >= from && layer < to;
  return point.startsWith("ln_final.") ? to === nLayers : embeds;
}

/**
 * Checks that a run reaches a hook point.
 * @throws Error naming the hook and the range of the run.
 */
function checkRange(
  name: string,
  hook: HookName,
  range: RunRange,
  config: ModelConfig,
): void {
  if (isReached(hook, range, config)) return;
  const { embeds, from, to } = range;
  const start = embeds ? "the tokens" : `layer ${from}`;
  throw new Error(`hook "${name}" is not part of this run, from ${start} to before layer ${to}`);
}

/** Returns the feeds of patches outside the blocks. */
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

/**
 * Groups splices by layer.
 * @throws Error naming the splice whose layer or weights do not fit.
 */
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

/** Returns a mask that is true everywhere. */
function fullMask(value: Tensor, point: string): Tensor {
  const shape = maskShape(value.shape, point) as number[];
  return tensor(new Uint8Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
}
