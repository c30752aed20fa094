/**
 * Runs TypeScript functions on values at hook points, for what a splice cannot say: sorting, sampling, logging, anything
 * that looks at numbers.
 *
 * A compiled block cannot call back, so a run is split at the hooks. In the order of the computation:
 *
 *  1. Run the layers up to the hooked one, once. Keep the residual stream.
 *  2. Run the hooked layer and read the hook point. Earlier results of functions are patched in.
 *  3. Call the function. What it returns becomes a patch.
 *
 * The run that was asked for then takes all patches, so logits, gradients and reads need nothing special. A gradient treats
 * a returned value as a constant. The cost is at most one more forward pass, and one more run of a layer per hook in it.
 */
import { NdTensor, type Tensor } from "../../onnx/mod.ts";
import { BLOCK_HOOK_ORDER, type HookPointName, OUTER_HOOKS, parseHookName } from "../blocks/mod.ts";
import { type Patch, type RunOptions, sortRequests } from "../run/mod.ts";
import type { Prompts, TokenModel } from "../token_model.ts";

/** A function that a run calls with the value at a hook point. */
export interface FunctionHook {
  /** full name of the hook point */
  at: HookPointName;
  /**
   * Takes the value, with one row per prompt; shorter prompts are padded on the right. Returns the new value, in the same
   * shape, or nothing to leave it.
   */
  call(value: NdTensor): Tensor | void | Promise<Tensor | void>;
}

/** Place of a hook point in a run: layer (−1 before, `nLayers` after the blocks), then order within. */
function placeOf(at: string, model: TokenModel): { layer: number; order: number } {
  const { layer, point } = parseHookName(at, model.config);
  const names: readonly string[] = layer === undefined
    ? Object.keys(OUTER_HOOKS)
    : BLOCK_HOOK_ORDER;
  const outside = point.startsWith("ln_final.") ? model.config.nLayers : -1;
  return { layer: layer ?? outside, order: names.indexOf(point) };
}

/** Keeps the requests of a run that concern the layers `from … to − 1`; −1 is the embedding. */
function within(
  options: RunOptions,
  patches: Patch[],
  model: TokenModel,
  from: number,
  to: number,
) {
  const inside = (layer: number) => layer >= from && layer < to;
  const splices = options.splices?.filter(({ layer }) => inside(layer));
  const own = /^blocks\.(\d+)\./;
  const layerOf = (hook: string) => Number(own.exec(hook)?.[1] ?? placeOf(hook, model).layer);
  return {
    past: options.past,
    splices,
    patches: patches.filter(({ hook }) => inside(layerOf(hook))),
  };
}

/**
 * Calls the functions in the order of the computation and returns the patches of the run: those that it was given, and the
 * functions' results.
 * @throws Error naming a hook point that the run does not reach, or a result of another shape than the value's.
 */
export async function callHooks(
  model: TokenModel,
  prompts: Prompts,
  options: RunOptions & { to?: number },
  hooks: readonly FunctionHook[],
): Promise<Patch[]> {
  const { nLayers } = model.config;
  let patches = [...options.patches ?? []];
  const range = { embeds: true, from: 0, to: options.to ?? nLayers };
  sortRequests(model.config, { read: hooks.map(({ at }) => at) }, range);
  const sorted = hooks.map((hook) => ({ ...hook, ...placeOf(hook.at, model) }))
    .sort((a, b) => a.layer - b.layer || a.order - b.order);
  let reached = -1;
  let residual: Tensor<Float32Array> | undefined;
  const part = (from: number, to: number) => within(options, patches, model, from, to);
  for (const { at, layer, call } of sorted) {
    const read = [at];
    let found: Tensor<Float32Array>;
    if (layer === -1) {
      const start = { ...part(-1, 0), splices: [], pos: options.pos, to: 0, read };
      found = (await model.run(prompts, start)).hooks.get(at)!;
    } else {
      if (residual === undefined) {
        const run = { ...part(-1, layer), pos: options.pos, to: layer };
        residual = (await model.run(prompts, run)).residual;
      } else if (layer > reached) {
        const run = { ...part(reached, layer), from: reached, to: layer };
        residual = (await model.runBlocks(residual, run)).residual;
      }
      reached = layer;
      const to = Math.min(layer + 1, nLayers);
      const run = { ...part(layer, layer + 1), from: layer, to, read };
      found = (await model.runBlocks(residual, run)).hooks.get(at)!;
    }
    const value = NdTensor.of(found);
    const made = await call(value);
    if (made === undefined) continue;
    if (String(made.shape) !== String(value.shape)) {
      throw new Error(
        `the function at hook "${at}" returned shape [${made.shape}], expected [${value.shape}]`,
      );
    }
    patches = [...patches.filter(({ hook }) => hook !== at), { hook: at, value: made }];
  }
  return patches;
}
