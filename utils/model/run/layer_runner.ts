/**
 * Runs a range of blocks over a residual stream, layer after layer, with weights streamed in, and optionally back
 * again. Whole runs, cached runs, patched runs, suffixes after a prefix and gradients are settings of it.
 */
import {
  defineProgram,
  type Feeds,
  free,
  type Results,
  type SessionOptions,
  type Tensor,
} from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import {
  hookName,
  type HookPlan,
  maskFeed,
  patchFeed,
  sequenceFeeds,
  type SplicedLayer,
  spliceFeed,
  weightFeeds,
} from "../blocks/mod.ts";
import type { Runtime } from "../runtime.ts";
import { localHook, StackProgram, type StackSpec } from "./stack.ts";
import { type LayerRange, layerStacks, loopOverLayers, type WeightStore } from "../weights/mod.ts";

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
  splices?: Map<number, SplicedLayer[]>;
  patches?: Map<number, LayerPatch[]>;
  freeze?: Map<number, string[]>;
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

const stackProgram = defineProgram(
  "stack",
  (config: ModelConfig, spec: StackSpec, options: SessionOptions) =>
    StackProgram.compile(config, spec, options),
);

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
    const trail: { program: StackProgram; feeds: Feeds; results: Results }[] = [];
    let residual = x;
    for await (const { layers, weights } of this.#stacks({ from, to, thenUnembed: true })) {
      const program = await this.#program(layers, run);
      const feeds = { x: residual, ...shared, ...this.#layerFeeds(layers, run) };
      const results = await program.forward.run({ ...feeds, ...weights });
      layers.forEach((layer, i) => {
        for (const point of run.read?.get(layer) ?? []) {
          hooks.set(hookName(layer, point), results[localHook(i, point)]);
        }
        if (run.keysValues) keysValues.push({ k: results[`${i}.k`], v: results[`${i}.v`] });
      });
      if (run.gradient) trail.push({ program, feeds, results });
      else if (residual !== x) free(residual);
      residual = results.residual;
    }
    const backward = async (dResidual: Tensor) => {
      const found = new Map<string, Tensor<Float32Array>>();
      let flowing = dResidual;
      for await (const { layers, weights } of this.#stacks({ from, to, reverse: true })) {
        const { program, feeds, results } = trail.pop()!;
        const grads = await program.runBackward({ ...feeds, ...weights }, results, flowing);
        layers.forEach((layer, i) => {
          for (const point of run.differentiate?.get(layer) ?? []) {
            found.set(hookName(layer, point), grads[`d:${localHook(i, point)}`]);
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

  /** Yields stacks of layers and the feeds of their weights: none where these are baked in. */
  async *#stacks(range: LayerRange): AsyncGenerator<{ layers: number[]; weights: Feeds }> {
    const size = this.form.layersPerSession ?? 1;
    if (this.form.baked) {
      for (const layers of layerStacks(range, size)) yield { layers, weights: {} };
      return;
    }
    for await (const { layers, weights } of loopOverLayers(this.store, range, size)) {
      yield {
        layers,
        weights: Object.assign({}, ...weights.map((unit, i) => weightFeeds(i, unit))),
      };
    }
  }

  #program(layers: number[], run: LayerRun): Promise<StackProgram> {
    const spec: StackSpec = {
      plans: layers.map((l): HookPlan => ({
        read: run.read?.get(l) ?? [],
        splices: run.splices?.get(l)?.map(({ splice }) => splice) ?? [],
        patch: run.patches?.get(l)?.map((p) => p.point) ?? [],
        freeze: run.freeze?.get(l) ?? [],
        differentiate: run.differentiate?.get(l) ?? [],
      })),
      past: run.past !== undefined,
      keysValues: run.keysValues ?? false,
      gradient: run.gradient ?? false,
    };
    const { config, runtime, store } = this;
    if (!this.form.baked) return stackProgram(runtime, config, spec);
    // A program with baked weights belongs to one checkpoint and these layers.
    const key = `baked stack ${JSON.stringify([config, spec])} ${this.weightsKey}:${layers}`;
    return runtime.compiled(key, async (options) => {
      const units = await Promise.all(layers.map((l) => store.get(String(l))));
      return StackProgram.compile(config, spec, options, units);
    });
  }

  #layerFeeds(layers: number[], { splices, patches, past }: LayerRun): Feeds {
    const feeds: Feeds = {};
    layers.forEach((layer, i) => {
      for (const { splice, weights } of splices?.get(layer) ?? []) {
        for (const [name, weight] of Object.entries(weights)) {
          feeds[localHook(i, spliceFeed(splice.name, name))] = weight;
        }
      }
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
