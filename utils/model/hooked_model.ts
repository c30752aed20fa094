/**
 * A language model whose inside can be read, patched and differentiated.
 *
 *   const model = await HookedModel.load("pythia-nano");
 *   const logits = await model.logits([tokens], [position]);
 *   const { hooks } = await model.run([tokens], { read: ["blocks.1.attn.hook_pattern"] });
 *   const { gradients } = await model.gradients([tokens], [position], readout, ["blocks.0.hook_resid_pre"]);
 *
 * Prompts of different lengths are padded on the right; attention is causal, so padding changes no real position.
 */
import {
  defineProgram,
  type Results,
  type Session,
  type SessionOptions,
  type Tensor,
  tensor,
} from "../onnx/mod.ts";
import { padTokens } from "./run/batch.ts";
import { openCheckpoint } from "./files/checkpoint_files.ts";
import { type ModelConfig, readModelConfig } from "./config.ts";
import {
  compileEmbed,
  compileReadout,
  compileUnembed,
  type Readout,
  readoutFeeds,
  rowIndices,
} from "./blocks/embedding.ts";
import { EmbeddingRows } from "./weights/embedding_rows.ts";
import { type HookRequests, type OuterRequests, sortRequests } from "./run/hook_requests.ts";
import { resolveModel } from "./hub/hub.ts";
import { type BlockForm, LayerRunner, type LayerRunResult, type Past } from "./run/layer_runner.ts";
import { type Gradients, inPasses, promptsPerPass, type RunOptions } from "./run/passes.ts";
import { checkPositions } from "./run/positions.ts";
import { Runtime } from "./runtime.ts";
import { checkCheckpoint } from "./files/tensor_names.ts";
import { type WeightProcessing, weightProcessor } from "./weights/weight_processing.ts";
import { checkpointSource, type WeightSource } from "./weights/weight_source.ts";
import { WeightStore } from "./weights/weight_store.ts";

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

export type { Patch } from "./run/hook_requests.ts";

export type { Gradients, RunOptions } from "./run/passes.ts";

export interface RunResult {
  /** residual stream after the last block `[batch, pos, d]` */
  residual: Tensor<Float32Array>;
  /** values read, by hook name */
  hooks: Map<string, Tensor<Float32Array>>;
  past?: Past;
}

type Prompts = readonly (readonly number[])[];

const embedProgram = defineProgram("embed", compileEmbed);

const NOTHING: OuterRequests = { plan: {}, feeds: {} };

export class HookedModel {
  readonly config: ModelConfig;
  readonly layers: LayerRunner;
  readonly #embeddings: EmbeddingRows;

  private constructor(
    readonly store: WeightStore,
    readonly runtime: Runtime,
    form: BlockForm,
    /** folder of the checkpoint; undefined for weights that are not from files */
    readonly dir: string | undefined,
    /** whether the unembedding has a bias, which folding the final LayerNorm gives it */
    readonly foldedBias: boolean,
  ) {
    this.config = store.config;
    this.#embeddings = new EmbeddingRows(store);
    this.layers = new LayerRunner(store.config, store, runtime, form, crypto.randomUUID());
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
   * Embeds, runs all blocks, reads and patches hook points; see {@link RunOptions}.
   * @throws Error when keys and values are asked for of prompts of different lengths: padding would be continued.
   */
  async run(prompts: Prompts, options: RunOptions = {}): Promise<RunResult> {
    if (options.keysValues && prompts.some((p) => p.length !== prompts[0].length)) {
      throw new Error("keys and values to continue after need prompts of one length");
    }
    const { result, outer, pos, requests } = await this.#forward(prompts, options);
    const hooks = new Map([...outer, ...result.hooks]);
    const { read = [] } = requests.final.plan;
    if (read.length > 0) {
      const rows = rowIndices(prompts.map((p) => p.length - 1), pos);
      const final = await this.#unembed(result.residual, rows, requests.final);
      for (const name of read) hooks.set(name, final[name]);
    }
    const length = (options.past?.length ?? 0) + pos;
    const past = options.keysValues ? { length, layers: result.keysValues } : undefined;
    return { residual: result.residual, hooks, past };
  }

  /** Logits `[batch, V]` at one position per prompt. */
  async logits(prompts: Prompts, positions: readonly number[], options: RunOptions = {}) {
    const { result, pos, requests } = await this.#forward(prompts, options);
    return (await this.#unembed(result.residual, rowIndices(positions, pos), requests.final))
      .logits;
  }

  /** Logits `[batch, pos, V]` at all positions; those of padding mean nothing. */
  async allLogits(prompts: Prompts, options: RunOptions = {}): Promise<Tensor<Float32Array>> {
    const { result, requests } = await this.#forward(prompts, options);
    const [batch, pos] = result.residual.shape;
    const rows = tensor(Int32Array.from({ length: batch * pos }, (_, i) => i), [batch * pos]);
    const { logits } = await this.#unembed(result.residual, rows, requests.final);
    return tensor(logits.data, [batch, pos, this.config.vocabSize]);
  }

  /** The metric of each prompt `[batch]`. */
  async metric(
    prompts: Prompts,
    positions: readonly number[],
    readout: Readout,
    options: RunOptions = {},
  ) {
    const { result, pos, requests } = await this.#forward(prompts, options);
    const { values } = await this.readout(
      result.residual,
      positions,
      readout,
      pos,
      false,
      requests.final,
    );
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
    const { store, config } = this;
    const pos = padTokens(prompts, config.vocabSize, options.pos).pos;
    const size = store.allPinned
      ? promptsPerPass(config, store.totalBytes, prompts.length, pos)
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
    const { result, pos, requests: { embedding, final } } = await this.#forward(
      prompts,
      options,
      hooks,
    );
    const out = await this.readout(result.residual, positions, readout, pos, true, final);
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

  /** Residual stream before block 0, with embedding hooks; `start` is the position of the first token. */
  async embed(
    prompts: Prompts,
    { plan, feeds }: OuterRequests = NOTHING,
    start = 0,
    least = 0,
  ): Promise<Results> {
    const { tokens, pos } = padTokens(prompts, this.config.vocabSize, least);
    checkPositions(start + pos, this.config, this.runtime);
    const session = await embedProgram(this.runtime, this.config, plan);
    const position_ids = tensor(Int32Array.from({ length: pos }, (_, i) => start + i), [pos]);
    return session.run({ ...await this.#embeddings.feeds(tokens), position_ids, ...feeds });
  }

  /**
   * Metric values of a residual stream `[batch, pos, d]`, with `gradient` also their gradient `d_residual`.
   * @param final patches and differentiated hooks of the final LayerNorm
   */
  async readout(
    residual: Tensor<Float32Array>,
    positions: readonly number[],
    readout: Readout,
    pos: number,
    gradient: boolean,
    final: OuterRequests = NOTHING,
  ) {
    const { kind, width } = readout;
    const spec = { kind, width, bias: this.foldedBias, gradient, plan: final.plan };
    const session = await this.#compiled(
      "readout",
      spec,
      (o) => compileReadout(this.config, spec, o),
    );
    const feeds = { residual, ...readoutFeeds(positions, pos, readout), ...final.feeds };
    return session.run({ ...feeds, ...await this.store.get("unembed") });
  }

  async #unembed(residual: Tensor<Float32Array>, rows: Tensor, { plan, feeds }: OuterRequests) {
    const session = await this.#compiled(
      "unembed",
      { plan, bias: this.foldedBias },
      (o) => compileUnembed(this.config, plan, this.foldedBias, o),
    );
    return session.run({ residual, rows, ...await this.store.get("unembed"), ...feeds });
  }

  #compiled(kind: string, spec: unknown, build: (o: SessionOptions) => Promise<Session>) {
    return this.runtime.compiled(`${kind} ${JSON.stringify([this.config, spec])}`, build);
  }

  async #forward(prompts: Prompts, options: RunOptions, differentiate: readonly string[] = []) {
    const { read, patches, past, keysValues, pos } = options;
    const requests: HookRequests = sortRequests(this.config, read, patches, differentiate);
    const embedded = await this.embed(prompts, requests.embedding, past?.length ?? 0, pos);
    const result: LayerRunResult = await this.layers.run(embedded.residual, {
      ...requests.layers,
      past,
      keysValues,
      gradient: differentiate.length > 0,
    });
    const outer = (requests.embedding.plan.read ?? []).map((n) => [n, embedded[n]] as const);
    return { result, outer, pos: embedded.residual.shape[1], requests };
  }

  /** Frees the weights; compiled sessions stay with the runtime. */
  close(): void {
    this.store.close();
  }
}
