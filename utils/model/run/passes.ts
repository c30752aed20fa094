/**
 * Computes a gradient over many prompts in several passes, to bound its memory.
 *
 * A backward pass needs the values that the forward pass saved in every layer, so its memory grows with tokens × layers; a
 * forward pass alone needs memory for one layer. A gradient therefore takes prompts in equal groups whose saved values stay
 * below a limit. This costs no speed: a matrix product over a few hundred tokens has the same rate as one over all of them.
 */
import { joinRows, sliceRows, type Tensor } from "../../onnx/mod.ts";
import { BATCH, type Readout, type SplicedLayer } from "../blocks/mod.ts";
import type { ModelConfig } from "../config.ts";
import type { Patch } from "./hook_requests.ts";
import type { OnLayer, Past } from "./layer_runner.ts";

/** What a run reads and changes. Hook points are given by full name. */
export interface RunOptions {
  /** hook points whose values are returned; `*` in a name stands for any characters */
  read?: readonly string[];
  /** sub-graphs that replace the values of hook points, layer by layer (`splice.ts`) */
  splices?: readonly SplicedLayer[];
  /** values given to hook points */
  patches?: readonly Patch[];
  /** hook points that no gradient passes, e.g. all patterns and LayerNorm scales ({@link linearPoints}) */
  freeze?: readonly string[];
  /** keys and values to continue after; the prompts are then suffixes */
  past?: Past;
  /** whether to return keys and values, so that another run can continue after these tokens */
  keysValues?: boolean;
  /** smallest number of positions to pad to */
  pos?: number;
  /** receives what the run finds, layer by layer */
  onLayer?: OnLayer;
}

/** Metrics and their gradients. */
export interface Gradients {
  /** metric of each prompt, `[batch]` */
  values: Float32Array;
  /** gradient of the metrics' sum, by hook name, in the hook point's shape */
  gradients: Map<string, Tensor<Float32Array>>;
}

/** Prompts to compute a gradient over, and how. */
export interface Pass {
  /** token ids of each prompt */
  prompts: readonly (readonly number[])[];
  /** position of each prompt that the metric is computed at */
  positions: readonly number[];
  /** metric, one row per prompt */
  readout: Readout;
  /** options of the forward run */
  options: RunOptions;
}

/** Limit on saved values: these bytes, or this share of the weights' bytes if that is more. */
const SAVED_BYTES = 256 * 2 ** 20, SAVED_SHARE = 1 / 3;

/** Returns the bytes that a forward pass saves per token: residual stream, q, k, v, pattern and MLP input of every layer. */
export function savedBytesPerToken(config: ModelConfig, positions: number): number {
  const { nLayers, nHeads, dModel: d, dMlp, parallel } = config;
  const hidden = config.llama ? 2 * dMlp : dMlp;
  return 4 * nLayers * ((parallel ? 4 : 5) * d + hidden + nHeads * positions);
}

/** Returns the number of prompts per pass, so that groups are as equal as possible. */
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

/** Cuts the splices' feeds that have one row per prompt; leaves weights as they are. */
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
