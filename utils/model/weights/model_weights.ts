/** The weights of a model, read when first asked for and kept within its memory budget. */
import type { Feeds } from "../../onnx/mod.ts";
import { weightFeeds, type WeightUnit } from "../blocks/mod.ts";
import type { ModelConfig } from "../config.ts";
import { type LayerRange, loopOverLayers } from "./layer_loop.ts";
import type { WeightSource } from "./weight_source.ts";
import type { WeightStore } from "./weight_store.ts";

/** A layer in a loop over layers. */
export interface LayerWeights {
  layer: number;
  /** feeds of a program that takes one layer (`declareWeights(g, config, 0)`) */
  feeds: Feeds;
}

export class ModelWeights {
  readonly #store: WeightStore;

  constructor(store: WeightStore) {
    this.#store = store;
  }

  get config(): ModelConfig {
    return this.#store.config;
  }

  /** Bytes of all weights as float32. */
  get totalBytes(): number {
    return this.#store.totalBytes;
  }

  /** Whether all weights stay in memory once read. */
  get allInMemory(): boolean {
    return this.#store.allPinned;
  }

  /** W_E `[V, d]`, and W_pos `[positions, d]` for GPT-2. */
  embedding(): Promise<WeightUnit> {
    return this.#store.get("embed");
  }

  /** ln_f_w and ln_f_b `[d]`, W_U `[V, d]`, and b_U `[V]` once a LayerNorm's bias has been folded in. */
  unembedding(): Promise<WeightUnit> {
    return this.#store.get("unembed");
  }

  /** The weights of one layer as stored (`blockWeightShapes`). */
  layer(layer: number): Promise<WeightUnit> {
    return this.#store.get(String(layer));
  }

  /** The weights of one layer as feeds of a program that takes one layer. */
  async layerFeeds(layer: number): Promise<Feeds> {
    return weightFeeds(0, await this.layer(layer));
  }

  /** Yields the weights of every layer of a range in turn, and reads those of the next one ahead. */
  async *layers(range: LayerRange = {}): AsyncGenerator<LayerWeights> {
    for await (const { layers: [layer], weights: [unit] } of loopOverLayers(this.#store, range)) {
      yield { layer, feeds: weightFeeds(0, unit) };
    }
  }

  /** The weights of all layers as feeds of a program that takes the whole model. */
  async allLayers(): Promise<Feeds> {
    const feeds: Feeds = {};
    for await (const { layers: [layer], weights: [unit] } of loopOverLayers(this.#store, {})) {
      Object.assign(feeds, weightFeeds(layer, unit));
    }
    return feeds;
  }

  /** Reads all weights that stay in memory. */
  async load(): Promise<void> {
    await Promise.all([...this.#store.pinned].map((unit) => this.#store.get(unit)));
  }

  /** Returns a source that reads through this model's memory; closing it closes nothing. */
  asSource(): WeightSource {
    const { config, source: { units } } = this.#store;
    return { config, units, load: (unit) => this.#store.get(unit), close() {} };
  }
}
