/**
 * Runs a range of blocks over a residual stream, one stack of layers after another, and optionally backward again.
 * Weights are streamed in. Reading, patching, continuing after a prefix and gradients are all settings of one run.
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
  isLocalAmongOthers,
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

/** Rotated keys, and values, of earlier positions. */
export interface Past {
  /** number of earlier positions */
  length: number;
  /** keys and values of each layer, each `[batch, H, past, d_head]` */
  layers: { k: Tensor<Float32Array>; v: Tensor<Float32Array> }[];
}

/** Another value for a block's hook point where `mask` is true. */
export interface LayerPatch {
  /** hook point, without `blocks.{l}.` */
  point: string;
  /** new value, in the hook point's shape */
  value: Tensor;
  /** booleans in the shape of `maskShape` */
  mask: Tensor;
}

/**
 * Receives what a run has found at a layer, as soon as it is computed, so that other work on this layer may follow while its
 * weights are in memory. The embedding is layer −1.
 * @param hooks values of all hook points read so far, by full name
 * @param keysValues keys and values of this layer, if the run returns them
 */
export type OnLayer = (
  layer: number,
  hooks: ReadonlyMap<string, Tensor<Float32Array>>,
  keysValues?: Past["layers"][number],
) => void;

/** Settings of a run over blocks. Maps go from a layer to its hook points, without `blocks.{l}.`. */
export interface LayerRun {
  /** first layer; default 0 */
  from?: number;
  /** layer after the last; default: all */
  to?: number;
  /** points whose values are returned */
  read?: Map<number, string[]>;
  /** sub-graphs that replace values */
  splices?: Map<number, SplicedLayer[]>;
  /** values given to points */
  patches?: Map<number, LayerPatch[]>;
  /** points that no gradient passes */
  freeze?: Map<number, string[]>;
  /** points that a gradient is taken with respect to */
  differentiate?: Map<number, string[]>;
  /** keys and values that the positions continue after */
  past?: Past;
  /** whether to return keys and values of these positions */
  keysValues?: boolean;
  /** whether to keep what `backward` needs */
  gradient?: boolean;
  /** called as soon as a layer is computed */
  onLayer?: OnLayer;
}

/** Results of a run over blocks. */
export interface LayerRunResult {
  /** residual stream after the last layer of the run, `[batch, pos, d]` */
  residual: Tensor<Float32Array>;
  /** values of the hook points in `read`, by `blocks.{l}.{point}` */
  hooks: Map<string, Tensor<Float32Array>>;
  /** keys and values of these positions, in the order of the layers; empty unless the run sets `keysValues` */
  keysValues: Past["layers"];
  /**
   * Turns the gradient with respect to `residual` into those with respect to the run's input (`x`) and the differentiated
   * hook points (by full name). Needs `gradient`; call it once.
   */
  backward: (dResidual: Tensor) => Promise<Map<string, Tensor<Float32Array>>>;
}

/** How blocks are compiled. */
export interface BlockForm {
  /** layers in one compiled session; default 1 */
  layersPerSession?: number;
  /** whether weights are constants of the session instead of feeds; default: feeds */
  baked?: boolean;
}

const stackProgram = defineProgram(
  "stack",
  (config: ModelConfig, spec: StackSpec, options: SessionOptions) =>
    StackProgram.compile(config, spec, options),
);

/** Runs the blocks of one model. */
export class LayerRunner {
  /** Takes the weights of one checkpoint, and the runtime that caches compiled programs. */
  constructor(
    readonly config: ModelConfig,
    readonly store: WeightStore,
    readonly runtime: Runtime,
    readonly form: BlockForm = {},
    /** distinguishes the baked programs of different checkpoints */
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
        run.onLayer?.(layer, hooks, keysValues.at(-1));
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

  /** Yields stacks of layers with the feeds of their weights, or with no feeds if weights are baked in. */
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
      ...(this.config.llama && {
        local: layers.map((layer) => isLocalAmongOthers(this.config, layer)),
      }),
      past: run.past !== undefined,
      keysValues: run.keysValues ?? false,
      gradient: run.gradient ?? false,
    };
    const { config, runtime, store } = this;
    if (!this.form.baked) return stackProgram(runtime, config, spec);
    // A program with baked weights serves only these layers of one checkpoint.
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
