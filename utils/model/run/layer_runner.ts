/**
 * Runs a range of blocks over a residual stream, layer after layer, with weights streamed in, and optionally back
 * again. This loop is the only one over layers: whole runs, cached runs, patched runs, suffixes after a prefix and
 * gradients are settings of it.
 */
import { type Feeds, free, type Results, type Tensor } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import { type HookPlan, maskFeed, patchFeed } from "../blocks/hooks.ts";
import type { Runtime } from "../runtime.ts";
import { sequenceFeeds } from "../blocks/sequence.ts";
import { localHook, StackProgram, type StackSpec } from "./stack.ts";
import { weightFeeds } from "../blocks/block_weights.ts";
import type { WeightStore } from "../weights/weight_store.ts";

/** Keys (after rotation) and values of earlier positions, per layer: `[batch, H, past, d_head]`. */
export interface Past {
  length: number;
  layers: { k: Tensor<Float32Array>; v: Tensor<Float32Array> }[];
}

/** A value given at a block's hook point where `mask` is true. */
export interface LayerPatch {
  point: string;
  value: Tensor;
  mask: Tensor;
}

export interface LayerRun {
  /** first layer, and the layer after the last */
  from?: number;
  to?: number;
  read?: Map<number, string[]>;
  patches?: Map<number, LayerPatch[]>;
  differentiate?: Map<number, string[]>;
  past?: Past;
  keysValues?: boolean;
  /** keep what `backward` needs */
  gradient?: boolean;
}

export interface LayerRunResult {
  /** `[batch, pos, d]` after the last layer run */
  residual: Tensor<Float32Array>;
  /** hook values read, by `blocks.{l}.{point}` */
  hooks: Map<string, Tensor<Float32Array>>;
  /** keys and values of these positions, where asked for */
  keysValues: Past["layers"];
  /** gradients with respect to the first residual stream (`x`) and differentiated hook points, by full name */
  backward: (dResidual: Tensor) => Promise<Map<string, Tensor<Float32Array>>>;
}

/** How blocks are compiled: one or several layers per session, weights fed or baked in. */
export interface BlockForm {
  layersPerSession?: number;
  baked?: boolean;
}

const fullName = (layer: number, point: string) => `blocks.${layer}.${point}`;

export class LayerRunner {
  constructor(
    readonly config: ModelConfig,
    readonly store: WeightStore,
    readonly runtime: Runtime,
    readonly form: BlockForm = {},
    /** distinguishes baked programs of different checkpoints */
    private readonly weightsKey = "",
  ) {}

  /** Runs blocks `from … to−1` on the residual stream `x` `[batch, pos, d]`. */
  async run(x: Tensor<Float32Array>, run: LayerRun = {}): Promise<LayerRunResult> {
    const { from = 0, to = this.config.nLayers, past } = run;
    const shared = sequenceFeeds(this.config, x.shape[1], past?.length ?? 0);
    const hooks: LayerRunResult["hooks"] = new Map();
    const keysValues: Past["layers"] = [];
    const trail: { layers: number[]; program: StackProgram; feeds: Feeds; results: Results }[] = [];
    let residual = x;
    for (const layers of this.#stacks(from, to)) {
      const { program, weights } = await this.#program(layers, run);
      this.store.prefetch(String(layers.at(-1)! + 1 < to ? layers.at(-1)! + 1 : "unembed"));
      const feeds = { x: residual, ...shared, ...this.#layerFeeds(layers, run) };
      const results = await program.forward.run({ ...feeds, ...weights });
      layers.forEach((layer, i) => {
        for (const point of run.read?.get(layer) ?? []) {
          hooks.set(fullName(layer, point), results[localHook(i, point)]);
        }
        if (run.keysValues) keysValues.push({ k: results[`${i}.k`], v: results[`${i}.v`] });
      });
      if (run.gradient) trail.push({ layers, program, feeds, results });
      else if (residual !== x) free(residual);
      residual = results.residual;
    }
    const backward = async (dResidual: Tensor) => {
      const found = new Map<string, Tensor<Float32Array>>();
      let flowing = dResidual;
      for (let step = trail.pop(); step; step = trail.pop()) {
        const { layers, program, feeds, results } = step;
        const weights = await this.#weights(layers);
        if (layers[0] > from) this.store.prefetch(String(layers[0] - 1));
        const grads = await program.runBackward({ ...feeds, ...weights }, results, flowing);
        layers.forEach((layer, i) => {
          for (const point of run.differentiate?.get(layer) ?? []) {
            found.set(fullName(layer, point), grads[`d:${localHook(i, point)}`]);
          }
        });
        if (flowing !== dResidual) free(flowing);
        if (feeds.x !== x) free(feeds.x);
        flowing = grads["d:x"];
      }
      return found.set("x", flowing as Tensor<Float32Array>);
    };
    return { residual, hooks, keysValues, backward };
  }

  *#stacks(from: number, to: number): Generator<number[]> {
    const size = this.form.layersPerSession ?? 1;
    for (let l = from; l < to; l += size) {
      yield Array.from({ length: Math.min(size, to - l) }, (_, i) => l + i);
    }
  }

  async #weights(layers: number[]): Promise<Feeds> {
    if (this.form.baked) return {};
    const units = await Promise.all(layers.map((l) => this.store.get(String(l))));
    return Object.assign({}, ...units.map((unit, i) => weightFeeds(i, unit)));
  }

  async #program(layers: number[], run: LayerRun) {
    const spec: StackSpec = {
      plans: layers.map((l): HookPlan => ({
        read: run.read?.get(l) ?? [],
        patch: run.patches?.get(l)?.map((p) => p.point) ?? [],
        differentiate: run.differentiate?.get(l) ?? [],
      })),
      past: run.past !== undefined,
      keysValues: run.keysValues ?? false,
      gradient: run.gradient ?? false,
    };
    const baked = this.form.baked ?? false;
    const place = baked ? `${this.weightsKey}:${layers}` : "";
    const key = `stack ${JSON.stringify([this.config, spec])} ${place}`;
    const program = await this.runtime.compiled(key, async (options) => {
      const units = baked
        ? await Promise.all(layers.map((l) => this.store.get(String(l))))
        : undefined;
      return StackProgram.compile(this.config, spec, options, units);
    });
    return { program, weights: await this.#weights(layers) };
  }

  #layerFeeds(layers: number[], { patches, past }: LayerRun): Feeds {
    const feeds: Feeds = {};
    layers.forEach((layer, i) => {
      for (const { point, value, mask } of patches?.get(layer) ?? []) {
        feeds[patchFeed(localHook(i, point))] = value;
        feeds[maskFeed(localHook(i, point))] = mask;
      }
      if (past) {
        feeds[`${i}.past_k`] = past.layers[layer].k;
        feeds[`${i}.past_v`] = past.layers[layer].v;
      }
    });
    return feeds;
  }
}
