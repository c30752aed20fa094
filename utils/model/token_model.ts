/**
 * Runs a model on token ids: the base of `HookedModel`, which adds text.
 *
 * Shorter prompts are padded on the right. Attention is causal, so padding changes no real position.
 */
import { type Results, type Tensor, tensor } from "../onnx/mod.ts";
import {
  type BlockForm,
  type Gradients,
  type HookRequests,
  inPasses,
  LayerRunner,
  type LayerRunResult,
  OuterParts,
  type OuterRequests,
  padTokens,
  type Past,
  promptsPerPass,
  type ReadoutOptions,
  type ReadoutRequest,
  type RunOptions,
  sortRequests,
} from "./run/mod.ts";
import type { ModelConfig } from "./config.ts";
import { type MetricSpec, type Readout, rowIndices } from "./blocks/mod.ts";
import {
  EmbeddingRows,
  ModelWeights,
  type WeightProcessing,
  type WeightStore,
} from "./weights/mod.ts";
import type { Runtime } from "./runtime.ts";

export type { Gradients, Patch, RunOptions } from "./run/mod.ts";

/** Results of a run. */
export interface RunResult {
  /** residual stream after the last block of the run, `[batch, pos, d]` */
  residual: Tensor<Float32Array>;
  /** values of the hook points in `read`, by full name */
  hooks: Map<string, Tensor<Float32Array>>;
  /** keys and values of these positions, if `keysValues` is set; {@link extendPast} puts them after those of a past */
  past?: Past;
}

/** Token ids of each prompt; lengths may differ. */
export type Prompts = readonly (readonly number[])[];

/** Runs one checkpoint on token ids: logits, metrics, hook points and gradients. */
export class TokenModel {
  /** sizes and variants of the model */
  readonly config: ModelConfig;
  /** weights, read on first use and kept within the memory budget */
  readonly weights: ModelWeights;
  readonly #store: WeightStore;
  readonly #layers: LayerRunner;
  readonly #embeddings: EmbeddingRows;
  readonly #outer: OuterParts;

  /** Takes the weights of one checkpoint. `HookedModel.load` and `HookedModel.fromSource` call this. */
  protected constructor(
    store: WeightStore,
    /** cache of compiled programs, shared by all models that use this runtime */
    readonly runtime: Runtime,
    form: BlockForm,
    /** folder of the checkpoint; undefined if the weights do not come from files */
    readonly dir: string | undefined,
    /** steps applied to the weights after reading; empty if they are as stored */
    readonly processing: WeightProcessing,
  ) {
    this.config = store.config;
    this.weights = new ModelWeights(store);
    this.#store = store;
    this.#layers = new LayerRunner(store.config, store, runtime, form, crypto.randomUUID());
    this.#embeddings = new EmbeddingRows(store);
    const { foldLayerNorm = false } = processing;
    this.#outer = new OuterParts(this.weights, this.#embeddings, runtime, foldLayerNorm);
  }

  /**
   * Embeds the prompts and runs all blocks, or only those before `to`. Reads and changes hook points on the way; see
   * {@link RunOptions}.
   * @throws Error if `keysValues` is set and the prompts differ in length, because a later run would continue after padding.
   * Error naming a hook point that the model does not have or that comes after block `to − 1`.
   */
  async run(prompts: Prompts, options: RunOptions & { to?: number } = {}): Promise<RunResult> {
    if (options.keysValues && prompts.some((p) => p.length !== prompts[0].length)) {
      throw new Error("keys and values to continue after need prompts of one length");
    }
    const { result, outer, pos, requests } = await this.#forward(prompts, options);
    const { residual, hooks } = await this.#finish(result, requests);
    const past = this.#pastOf(result, pos, options);
    return { residual, hooks: new Map([...outer, ...hooks]), past };
  }

  /**
   * Runs the blocks `from … to − 1` on a residual stream `[batch, pos, d]`, such as the result of `run` with `to: from`.
   * @throws Error naming a hook point outside these blocks.
   */
  async runBlocks(
    x: Tensor<Float32Array>,
    options: Omit<RunOptions, "pos"> & { from?: number; to?: number } = {},
  ): Promise<RunResult> {
    const { from = 0, to = this.config.nLayers, past, keysValues } = options;
    const requests = sortRequests(this.config, options, { embeds: false, from, to });
    const run = { ...requests.layers, from, to, past, keysValues };
    const result = await this.#layers.run(x, run);
    const { residual, hooks } = await this.#finish(result, requests);
    return { residual, hooks, past: this.#pastOf(result, x.shape[1], options) };
  }

  #pastOf({ keysValues: layers }: LayerRunResult, pos: number, options: RunOptions) {
    return options.keysValues ? { length: (options.past?.length ?? 0) + pos, layers } : undefined;
  }

  /** Adds the values read at the final LayerNorm's hook points, at all positions. */
  async #finish({ residual, hooks }: LayerRunResult, { final }: HookRequests) {
    const { read = [] } = final.plan;
    if (read.length > 0) {
      const found = await this.#outer.unembed(residual, rowIndices([0], 1), final);
      for (const name of read) hooks.set(name, found[name]);
    }
    return { residual, hooks };
  }

  /**
   * Returns the logits `[batch, V]` at one position per prompt.
   * @throws RangeError if there is not one position per prompt, or a prompt does not have it.
   */
  async logits(
    prompts: Prompts,
    positions: readonly number[],
    options: RunOptions = {},
  ): Promise<Tensor<Float32Array>> {
    checkReadout(prompts, positions);
    const { result: { residual }, requests } = await this.#forward(prompts, options);
    return await this.unembed(residual, positions, requests.final);
  }

  /** Returns the logits `[batch, V]` of a residual stream `[batch, pos, d]` at one position per batch item. */
  async unembed(
    residual: Tensor<Float32Array>,
    positions: readonly number[],
    final: OuterRequests = { plan: {}, feeds: {} },
  ): Promise<Tensor<Float32Array>> {
    const rows = rowIndices(positions, residual.shape[1]);
    return (await this.#outer.unembed(residual, rows, final)).logits;
  }

  /** Returns the logits `[batch, pos, V]` at all positions; ignore those at padding. */
  async allLogits(prompts: Prompts, options: RunOptions = {}): Promise<Tensor<Float32Array>> {
    return (await this.runWithLogits(prompts, options)).logits;
  }

  /** Runs all blocks. Returns residual stream and hook points as {@link run} does, and the logits at all positions. */
  async runWithLogits(
    prompts: Prompts,
    options: RunOptions = {},
  ): Promise<RunResult & { logits: Tensor<Float32Array> }> {
    const { result: { residual, hooks }, outer, requests } = await this.#forward(prompts, options);
    const [batch, pos] = residual.shape;
    const rows = tensor(Int32Array.from({ length: batch * pos }, (_, i) => i), [batch * pos]);
    const found = await this.#outer.unembed(residual, rows, requests.final);
    for (const name of requests.final.plan.read ?? []) hooks.set(name, found[name]);
    const logits = tensor(found.logits.data, [batch, pos, this.config.vocabSize]);
    return { logits, residual, hooks: new Map([...outer, ...hooks]) };
  }

  /** Returns the metric of each prompt, `[batch]`. @throws RangeError as {@link logits} does. */
  async metric(
    prompts: Prompts,
    positions: readonly number[],
    readout: Readout,
    options: RunOptions = {},
  ): Promise<Float32Array> {
    checkReadout(prompts, positions, readout);
    const { result: { residual }, requests: { final } } = await this.#forward(prompts, options);
    const { values } = await this.readout({ residual, positions, readout }, { final });
    return values.data;
  }

  /**
   * Returns the metric of each prompt, and the gradient of the metrics' sum with respect to each named hook point. If all
   * weights are in memory, takes many prompts in several passes (`passes.ts`).
   */
  async gradients(
    prompts: Prompts,
    positions: readonly number[],
    readout: Readout,
    hooks: readonly string[],
    options: RunOptions = {},
  ): Promise<Gradients> {
    checkReadout(prompts, positions, readout);
    const { weights, config } = this;
    const pos = padTokens(prompts, config.vocabSize, options.pos).pos;
    const size = weights.allInMemory
      ? promptsPerPass(config, weights.totalBytes, prompts.length, pos)
      : prompts.length;
    const whole = { prompts, positions, readout, options: { ...options, pos } };
    return await inPasses(
      whole,
      size,
      (p) => this.#gradients(p.prompts, p.positions, p.readout, hooks, p.options),
    );
  }

  async #gradients(
    prompts: Prompts,
    positions: readonly number[],
    readout: Readout,
    hooks: readonly string[],
    options: RunOptions,
  ): Promise<Gradients> {
    const { result, requests: { embedding, final } } = await this.#forward(prompts, options, hooks);
    const { residual } = result;
    const out = await this.readout({ residual, positions, readout }, { gradient: true, final });
    const gradients = await result.backward(out.d_residual);
    // The residual stream is the sum of the embeddings, so each has the same gradient as the stream.
    const atInput = gradients.get("x")!;
    gradients.delete("x");
    for (const name of embedding.plan.differentiate ?? []) gradients.set(name, atInput);
    for (const name of final.plan.differentiate ?? []) gradients.set(name, out[`d:${name}`]);
    return { values: out.values.data, gradients };
  }

  /** Keeps only these tokens' embeddings in memory. Other tokens still work: the embedding is read again. */
  keepEmbeddingsOf(tokens: Iterable<number>): Promise<void> {
    return this.#embeddings.keep(tokens);
  }

  /** Returns the settings that a metric's program is compiled for. */
  metricSpec(readout: Readout): MetricSpec {
    return this.#outer.metricSpec(readout);
  }

  /**
   * Computes metrics from a residual stream after the last block. Returns `values` `[batch]` and, with `gradient`,
   * `d_residual` `[batch, pos, d]`, the gradient of their sum.
   */
  readout(request: ReadoutRequest, options: ReadoutOptions = {}): Promise<Results> {
    return this.#outer.readout(request, options);
  }

  async #forward(
    prompts: Prompts,
    options: RunOptions & { to?: number },
    differentiate: readonly string[] = [],
  ) {
    const { past, keysValues, onLayer, pos, to = this.config.nLayers } = options;
    const range = { embeds: true, from: 0, to };
    const requests = sortRequests(this.config, { ...options, differentiate }, range);
    const embedded = await this.#outer.embed(prompts, requests.embedding, past?.length ?? 0, pos);
    const outer = (requests.embedding.plan.read ?? []).map((n) => [n, embedded[n]] as const);
    onLayer?.(-1, new Map(outer));
    const result = await this.#layers.run(embedded.residual, {
      ...requests.layers,
      to,
      past,
      keysValues,
      onLayer,
      gradient: differentiate.length > 0,
    });
    return { result, outer, pos: embedded.residual.shape[1], requests };
  }

  /** Frees the weights. Compiled sessions stay in the runtime. */
  close(): void {
    this.#store.close();
  }
}

/**
 * Checks that each prompt has a position to read at, and a row of the metric.
 * @throws RangeError naming what is missing
 */
export function checkReadout(
  prompts: Prompts,
  positions: readonly number[],
  readout?: Readout,
): void {
  const wanted = `expected one per prompt, that is ${prompts.length}`;
  if (positions.length !== prompts.length) {
    throw new RangeError(`positions: ${wanted}, found ${positions.length}`);
  }
  if (readout && readout.ids.length !== prompts.length * readout.width) {
    throw new RangeError(
      `rows of the metric: ${wanted}, found ${readout.ids.length / readout.width}`,
    );
  }
  positions.forEach((position, n) => {
    const { length } = prompts[n];
    if (Number.isInteger(position) && position >= 0 && position < length) return;
    throw new RangeError(
      `position ${position} of prompt ${n}: it has ${length} tokens, at positions 0 … ${
        length - 1
      }`,
    );
  });
}
