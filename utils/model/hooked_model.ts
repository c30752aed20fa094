/**
 * A language model whose inside can be read, patched and differentiated.
 *
 *   const model = await HookedModel.load("pythia-nano");
 *   const logits = await model.logits([tokens], [position]);
 *   const { hooks } = await model.run([tokens], { read: ["blocks.1.attn.hook_pattern"] });
 *   const { residual } = await model.run([tokens], { to: 3 });
 *   const { gradients } = await model.gradients([tokens], [position], readout, ["blocks.0.hook_resid_pre"]);
 *
 * Prompts of different lengths are padded on the right; attention is causal, so padding changes no real position.
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
  padTokens,
  type Past,
  promptsPerPass,
  type ReadoutOptions,
  type ReadoutRequest,
  type RunOptions,
  sortRequests,
} from "./run/mod.ts";
import { checkCheckpoint, openCheckpoint } from "./files/mod.ts";
import { type ModelConfig, readModelConfig } from "./config.ts";
import { type MetricSpec, type Readout, rowIndices } from "./blocks/mod.ts";
import {
  checkpointSource,
  EmbeddingRows,
  ModelWeights,
  type WeightProcessing,
  weightProcessor,
  type WeightSource,
  WeightStore,
} from "./weights/mod.ts";
import { resolveModel } from "./hub/mod.ts";
import { Runtime } from "./runtime.ts";

export interface ModelOptions {
  /** training checkpoint, e.g. `step1000` */
  revision?: string;
  /** shared by models that should share compiled sessions; default: a new one */
  runtime?: Runtime;
  /** bytes of weights kept in memory; default: all */
  memoryBudget?: number;
  processing?: WeightProcessing;
  form?: BlockForm;
  onProgress?: (p: { file: string; done: number; total: number }) => void;
}

export type { Patch } from "./run/mod.ts";
export { defineSplice, type Splice, type SplicedLayer } from "./blocks/mod.ts";
export type { Gradients, RunOptions } from "./run/mod.ts";

export interface RunResult {
  /** residual stream after the last block that was run `[batch, pos, d]` */
  residual: Tensor<Float32Array>;
  /** values read, by hook name */
  hooks: Map<string, Tensor<Float32Array>>;
  past?: Past;
}

export type Prompts = readonly (readonly number[])[];

export class HookedModel {
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  readonly #store: WeightStore;
  readonly #layers: LayerRunner;
  readonly #embeddings: EmbeddingRows;
  readonly #outer: OuterParts;

  private constructor(
    store: WeightStore,
    /** compiled programs, which models of one runtime share */
    readonly runtime: Runtime,
    form: BlockForm,
    /** folder of the checkpoint; undefined for weights that are not from files */
    readonly dir: string | undefined,
    bias: boolean,
  ) {
    this.config = store.config;
    this.weights = new ModelWeights(store);
    this.#store = store;
    this.#layers = new LayerRunner(store.config, store, runtime, form, crypto.randomUUID());
    this.#embeddings = new EmbeddingRows(store);
    this.#outer = new OuterParts(this.weights, this.#embeddings, runtime, bias);
  }

  /**
   * Opens a model by name, Hub id or folder (see `hub.ts`). Weights are read when first used.
   * @throws Error naming the file and tensor that is missing, misshapen or damaged.
   */
  static async load(name: string, options: ModelOptions = {}): Promise<HookedModel> {
    const dir = await resolveModel(name, options);
    const config = await readModelConfig(dir);
    const files = await openCheckpoint(dir);
    try {
      checkCheckpoint(files, config);
    } catch (error) {
      files.close();
      throw error;
    }
    return HookedModel.fromSource(checkpointSource(files, config), options, dir);
  }

  /** A model over any source of weights. */
  static fromSource(source: WeightSource, options: ModelOptions = {}, dir?: string): HookedModel {
    const runtime = options.runtime ?? new Runtime();
    const { processing } = options;
    const transform = processing && weightProcessor(source.config, processing, runtime);
    const store = new WeightStore(source, options.memoryBudget, transform);
    return new HookedModel(
      store,
      runtime,
      options.form ?? {},
      dir,
      processing?.foldLayerNorm ?? false,
    );
  }

  /**
   * Embeds, runs all blocks or those before `to`, reads and changes hook points; see {@link RunOptions}.
   * @throws Error when keys and values are asked for of prompts of different lengths: padding would be continued. Error
   * naming a hook point that the model does not have or that is beyond `to`.
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
   * Runs the blocks `from … to − 1` on a residual stream `[batch, pos, d]`, such as `run` gives with `to: from`.
   * @throws Error naming a hook point that is not part of these blocks.
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

  /** Adds the hook points of the final LayerNorm that are read, at all positions. */
  async #finish({ residual, hooks }: LayerRunResult, { final }: HookRequests) {
    const { read = [] } = final.plan;
    if (read.length > 0) {
      const found = await this.#outer.unembed(residual, rowIndices([0], 1), final);
      for (const name of read) hooks.set(name, found[name]);
    }
    return { residual, hooks };
  }

  /** Logits `[batch, V]` at one position per prompt. */
  async logits(prompts: Prompts, positions: readonly number[], options: RunOptions = {}) {
    const { result, pos, requests } = await this.#forward(prompts, options);
    return (await this.#outer.unembed(result.residual, rowIndices(positions, pos), requests.final))
      .logits;
  }

  /** Logits `[batch, pos, V]` at all positions; those of padding mean nothing. */
  async allLogits(prompts: Prompts, options: RunOptions = {}): Promise<Tensor<Float32Array>> {
    const { result, requests } = await this.#forward(prompts, options);
    const [batch, pos] = result.residual.shape;
    const rows = tensor(Int32Array.from({ length: batch * pos }, (_, i) => i), [batch * pos]);
    const { logits } = await this.#outer.unembed(result.residual, rows, requests.final);
    return tensor(logits.data, [batch, pos, this.config.vocabSize]);
  }

  /** The metric of each prompt `[batch]`. */
  async metric(
    prompts: Prompts,
    positions: readonly number[],
    readout: Readout,
    options: RunOptions = {},
  ) {
    const { result: { residual }, requests: { final } } = await this.#forward(prompts, options);
    const { values } = await this.readout({ residual, positions, readout }, { final });
    return values.data;
  }

  /**
   * The metric of each prompt, and the gradient of their sum with respect to each named hook point. Many prompts are
   * taken in several passes (`passes.ts`) where all weights are in memory.
   */
  async gradients(
    prompts: Prompts,
    positions: readonly number[],
    readout: Readout,
    hooks: readonly string[],
    options: RunOptions = {},
  ): Promise<Gradients> {
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
    // The embeddings are added up to the residual stream, so they share its gradient.
    const atInput = gradients.get("x")!;
    gradients.delete("x");
    for (const name of embedding.plan.differentiate ?? []) gradients.set(name, atInput);
    for (const name of final.plan.differentiate ?? []) gradients.set(name, out[`d:${name}`]);
    return { values: out.values.data, gradients };
  }

  /** Keeps in memory the embeddings of these tokens alone; others can still be asked for, at the cost of reading. */
  keepEmbeddingsOf(tokens: Iterable<number>): Promise<void> {
    return this.#embeddings.keep(tokens);
  }

  /** Returns what the program of a metric depends on. */
  metricSpec(readout: Readout): MetricSpec {
    return this.#outer.metricSpec(readout);
  }

  /**
   * Reads metrics off a residual stream after the last block: `values` `[batch]`, and with `gradient` also `d_residual`, the
   * gradient of their sum.
   */
  readout(request: ReadoutRequest, options: ReadoutOptions = {}): Promise<Results> {
    return this.#outer.readout(request, options);
  }

  async #forward(
    prompts: Prompts,
    options: RunOptions & { to?: number },
    differentiate: readonly string[] = [],
  ) {
    const { past, keysValues, pos, to = this.config.nLayers } = options;
    const range = { embeds: true, from: 0, to };
    const requests = sortRequests(this.config, { ...options, differentiate }, range);
    const embedded = await this.#outer.embed(prompts, requests.embedding, past?.length ?? 0, pos);
    const result = await this.#layers.run(embedded.residual, {
      ...requests.layers,
      to,
      past,
      keysValues,
      gradient: differentiate.length > 0,
    });
    const outer = (requests.embedding.plan.read ?? []).map((n) => [n, embedded[n]] as const);
    return { result, outer, pos: embedded.residual.shape[1], requests };
  }

  /** Frees the weights; compiled sessions stay with the runtime. */
  close(): void {
    this.#store.close();
  }
}
