/** Gives access to a model's weights. Reads them on first use and keeps them within the memory budget. */
import type { Feeds } from "../../onnx/mod.ts";
import { weightFeeds, type WeightUnit } from "../blocks/mod.ts";
import type { ModelConfig } from "../config.ts";
import { type LayerRange, loopOverLayers } from "./layer_loop.ts";
import type { WeightSource } from "./weight_source.ts";
import type { WeightStore } from "./weight_store.ts";

/** One layer of a loop over layers. */
export interface LayerWeights {
  /** layer, counted from 0 */
  layer: number;
  /** feeds of a program that takes one layer (`declareWeights(g, config, 0)`) */
  feeds: Feeds;
}

/** Reads the weights of one model: embedding, layers, unembedding. */
export class ModelWeights {
  readonly #store: WeightStore;

  /** Reads through a store; reads nothing yet. */
  constructor(store: WeightStore) {
    this.#store = store;
  }

  /** Sizes and variants of the model. */
  get config(): ModelConfig {
    return this.#store.config;
  }

  /** Bytes of all weights as float32. */
  get totalBytes(): number {
    return this.#store.totalBytes;
  }

  /** Tells whether all weights stay in memory once read. */
  get allInMemory(): boolean {
    return this.#store.allPinned;
  }

  /** Returns W_E `[V, d]`, and for GPT-2 W_pos `[positions, d]`. */
  embedding(): Promise<WeightUnit> {
    return this.#store.get("embed");
  }

  /** Returns ln_f_w and ln_f_b `[d]`, W_U `[V, d]`, and b_U `[V]` if the final LayerNorm is folded in. */
  unembedding(): Promise<WeightUnit> {
    return this.#store.get("unembed");
  }

  /** Returns the weights of one layer in the stored layout (`blockWeightShapes`). */
  layer(layer: number): Promise<WeightUnit> {
    return this.#store.get(String(layer));
  }

  /** Returns the weights of one layer as feeds of a program that takes one layer. */
  async layerFeeds(layer: number): Promise<Feeds> {
    return weightFeeds(0, await this.layer(layer));
  }

  /** Yields the weights of each layer of a range in turn, and reads those of the next layer ahead. */
  async *layers(range: LayerRange = {}): AsyncGenerator<LayerWeights> {
    for await (const { layers: [layer], weights: [unit] } of loopOverLayers(this.#store, range)) {
      yield { layer, feeds: weightFeeds(0, unit) };
    }
  }

  /** Returns the weights of all layers as feeds of a program that takes the whole model. */
  async allLayers(): Promise<Feeds> {
    const feeds: Feeds = {};
    for await (const { layers: [layer], weights: [unit] } of loopOverLayers(this.#store, {})) {
      Object.assign(feeds, weightFeeds(layer, unit));
    }
    return feeds;
  }

  /** Reads all weights that stay in memory, ahead of their first use. */
  async load(): Promise<void> {
    await Promise.all([...this.#store.pinned].map((unit) => this.#store.get(unit)));
  }

  /**
   * Runs tasks that loop over the layers, so that they read the weights together (`shared_sweeps.ts`). If all weights are
   * in memory, runs one task after another.
   */
  async together<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
    if (!this.allInMemory) return await this.#store.sweeps.together(tasks);
    const results: T[] = [];
    for (const task of tasks) results.push(await task());
    return results;
  }

  /**
   * Takes memory from the weights' budget for other things, as far as weights can be read again instead. Returns the bytes
   * taken, at most `bytes`; 0 if all weights are in memory.
   */
  borrow(bytes: number): number {
    return this.#store.borrow(bytes);
  }

  /**
   * Runs a task that needs `bytes` of memory beyond the weights. Takes from the memory budget what exceeds `free`, as far as
   * weights can be read again instead. The task receives the bytes that it may use.
   */
  async withMemory<T>(
    bytes: number,
    free: number,
    task: (bytes: number) => Promise<T>,
  ): Promise<T> {
    const borrowed = this.#store.borrow(Math.max(0, bytes - free));
    try {
      return await task(free + borrowed);
    } finally {
      this.#store.giveBack(borrowed);
    }
  }

  /** Number of units (embedding, layers, unembedding) read so far. */
  get reads(): number {
    return this.#store.reads;
  }

  /** Returns a source that reads through this model's memory; closing it closes nothing. */
  asSource(): WeightSource {
    const { config, source: { units } } = this.#store;
    return { config, units, load: (unit) => this.#store.get(unit), close() {} };
  }
}
