/**
 * A gradient over many prompts in several passes.
 *
 * A backward pass needs what the forward pass saved in every layer: memory in proportion to tokens × layers, while a
 * forward pass alone needs it for one layer. Prompts are therefore taken in equal groups whose saved values stay below
 * a limit. A matrix product over some hundred tokens is as fast as over all of them, so nothing is lost.
 */
import { joinRows, sliceRows, type Tensor } from "../../onnx/mod.ts";
import { BATCH, type Readout, type SplicedLayer } from "../blocks/mod.ts";
import type { ModelConfig } from "../config.ts";
import type { Patch } from "./hook_requests.ts";
import type { Past } from "./layer_runner.ts";

export interface RunOptions {
  read?: readonly string[];
  /** sub-graphs in the place of hook points, layer by layer (`splice.ts`) */
  splices?: readonly SplicedLayer[];
  patches?: readonly Patch[];
  /** hook points that no gradient passes, by full name, e.g. all patterns and LayerNorm scales ({@link linearPoints}) */
  freeze?: readonly string[];
  /** continue after these keys and values: tokens given are the suffix */
  past?: Past;
  /** return keys and values, to continue after these tokens */
  keysValues?: boolean;
  /** pad to at least so many positions */
  pos?: number;
}

/** Metric per prompt `[batch]`, and the gradient of their sum by hook name. */
export interface Gradients {
  values: Float32Array;
  gradients: Map<string, Tensor<Float32Array>>;
}

/** What a gradient is asked of. */
export interface Pass {
  prompts: readonly (readonly number[])[];
  positions: readonly number[];
  readout: Readout;
  options: RunOptions;
}

/** Saved bytes that are always allowed, and as a share of the weights. */
const SAVED_BYTES = 256 * 2 ** 20, SAVED_SHARE = 1 / 3;

/** Bytes that a forward pass saves per token: residual stream, q, k, v, pattern and MLP input of every layer. */
export function savedBytesPerToken(config: ModelConfig, positions: number): number {
  const { nLayers, nHeads, dModel: d, dMlp, parallel } = config;
  return 4 * nLayers * ((parallel ? 4 : 5) * d + dMlp + nHeads * positions);
}

/** Number of prompts per pass, in groups as equal as possible. */
export function promptsPerPass(
  config: ModelConfig,
  weightBytes: number,
  prompts: number,
  positions: number,
): number {
  const limit = Math.max(SAVED_BYTES, weightBytes * SAVED_SHARE);
  const most = Math.max(1, Math.floor(limit / (positions * savedBytesPerToken(config, positions))));
  return Math.ceil(prompts / Math.ceil(prompts / most));
}

/** Runs a gradient over `size` prompts at a time and joins the results. */
export async function inPasses(
  whole: Pass,
  size: number,
  run: (pass: Pass) => Promise<Gradients>,
): Promise<Gradients> {
  const { prompts, positions, readout: { ids, weights, ...form }, options } = whole;
  const { splices, patches, past } = options;
  const parts: Gradients[] = [];
  for (let from = 0; from < prompts.length; from += size) {
    const to = Math.min(from + size, prompts.length);
    const columns = [from * form.width, to * form.width] as const;
    parts.push(
      await run({
        prompts: prompts.slice(from, to),
        positions: positions.slice(from, to),
        readout: { ...form, ids: ids.subarray(...columns), weights: weights.subarray(...columns) },
        options: {
          ...options,
          splices: splices && sliceSplices(splices, from, to),
          patches: patches && slicePatches(patches, from, to),
          past: past && slicePast(past, from, to),
        },
      }),
    );
  }
  if (parts.length === 1) return parts[0];
  const names = [...parts[0].gradients.keys()];
  return {
    values: Float32Array.from(parts.flatMap((p) => [...p.values])),
    gradients: new Map(
      names.map((name) => [name, joinRows(parts.map((p) => p.gradients.get(name)!))]),
    ),
  };
}

/** Cuts what a splice is fed for each prompt; weights stay as they are. */
function sliceSplices(
  splices: readonly SplicedLayer[],
  from: number,
  to: number,
): SplicedLayer[] {
  return splices.map(({ weights, ...spliced }) => ({
    ...spliced,
    weights: Object.fromEntries(
      Object.entries(weights).map(([name, value]) => {
        const perPrompt = spliced.splice.form.weights[name][0] === BATCH;
        return [name, perPrompt ? sliceRows(value, from, to) : value];
      }),
    ),
  }));
}

function slicePatches(patches: readonly Patch[], from: number, to: number): Patch[] {
  return patches.map(({ hook, value, mask }) => ({
    hook,
    value: sliceRows(value, from, to),
    mask: mask && sliceRows(mask, from, to),
  }));
}

function slicePast(past: Past, from: number, to: number): Past {
  const layers = past.layers.map(({ k, v }) => ({
    k: sliceRows(k, from, to),
    v: sliceRows(v, from, to),
  }));
  return { length: past.length, layers };
}
