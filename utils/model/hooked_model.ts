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
import { type Session, type SessionOptions, type Tensor, tensor } from "../onnx/mod.ts";
import { padTokens } from "./batch.ts";
import { openCheckpoint } from "./checkpoint_files.ts";
import { type ModelConfig, readModelConfig } from "./config.ts";
import {
  compileEmbed,
  compileReadout,
  compileUnembed,
  type Readout,
  readoutFeeds,
  rowIndices,
} from "./embedding.ts";
import {
  type HookPlan,
  maskFeed,
  maskShape,
  OUTER_HOOKS,
  parseHookName,
  patchFeed,
} from "./hooks.ts";
import {
  type BlockForm,
  type LayerPatch,
  LayerRunner,
  type LayerRunResult,
  type Past,
} from "./layer_runner.ts";
import { resolveModel } from "./hub.ts";
import { Runtime } from "./runtime.ts";
import { checkCheckpoint } from "./tensor_names.ts";
import { type WeightProcessing, weightProcessor } from "./weight_processing.ts";
import { checkpointSource, type WeightSource } from "./weight_source.ts";
import { WeightStore } from "./weight_store.ts";

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

/** A hook point given another value where `mask` is true; without a mask everywhere. */
export interface Patch {
  hook: string;
  /** the shape of the hook point */
  value: Tensor;
  /** one flag per batch item, position and head: the hook point's shape with last axis 1 (whole shape for patterns) */
  mask?: Tensor;
}

export interface RunOptions {
  read?: readonly string[];
  patches?: readonly Patch[];
  /** continue after these keys and values: tokens given are the suffix */
  past?: Past;
  /** return keys and values, to continue after these tokens */
  keysValues?: boolean;
}

export interface RunResult {
  /** residual stream after the last block `[batch, pos, d]` */
  residual: Tensor<Float32Array>;
  /** values read, by hook name */
  hooks: Map<string, Tensor<Float32Array>>;
  past?: Past;
}

type Prompts = readonly (readonly number[])[];

export class HookedModel {
  readonly config: ModelConfig;
  readonly layers: LayerRunner;

  private constructor(
    readonly store: WeightStore,
    readonly runtime: Runtime,
    form: BlockForm,
    /** folder of the checkpoint; undefined for weights that are not from files */
    readonly dir: string | undefined,
    private readonly foldedBias: boolean,
  ) {
    this.config = store.config;
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

  /** Embeds, runs all blocks, reads and patches hook points; see {@link RunOptions}. */
  async run(prompts: Prompts, options: RunOptions = {}): Promise<RunResult> {
    const { result, outer, pos } = await this.#forward(prompts, options);
    const hooks = new Map([...outer, ...result.hooks]);
    const finalReads = (options.read ?? []).filter((name) => name.startsWith("ln_final."));
    if (finalReads.length > 0) {
      const rows = rowIndices(prompts.map((p) => p.length - 1), pos);
      const final = await this.#unembed(result.residual, rows, { read: finalReads });
      for (const name of finalReads) hooks.set(name, final[name]);
    }
    const length = (options.past?.length ?? 0) + pos;
    const past = options.keysValues ? { length, layers: result.keysValues } : undefined;
    return { residual: result.residual, hooks, past };
  }

  /** Logits `[batch, V]` at one position per prompt. */
  async logits(prompts: Prompts, positions: readonly number[], options: RunOptions = {}) {
    const { result, pos } = await this.#forward(prompts, options);
    return (await this.#unembed(result.residual, rowIndices(positions, pos))).logits;
  }

  /** Logits `[batch, pos, V]` at all positions; those of padding mean nothing. */
  async allLogits(prompts: Prompts, options: RunOptions = {}): Promise<Tensor<Float32Array>> {
    const { result } = await this.#forward(prompts, options);
    const [batch, pos] = result.residual.shape;
    const rows = tensor(Int32Array.from({ length: batch * pos }, (_, i) => i), [batch * pos]);
    const { logits } = await this.#unembed(result.residual, rows);
    return tensor(logits.data, [batch, pos, this.config.vocabSize]);
  }

  /** The metric of each prompt `[batch]`. */
  async metric(
    prompts: Prompts,
    positions: readonly number[],
    readout: Readout,
    options: RunOptions = {},
  ) {
    const { result, pos } = await this.#forward(prompts, options);
    return (await this.readout(result.residual, positions, readout, pos, false)).values.data;
  }

  /** The metric of each prompt, and the gradient of their sum with respect to each named hook point. */
  async gradients(
    prompts: Prompts,
    positions: readonly number[],
    readout: Readout,
    hooks: readonly string[],
    options: RunOptions = {},
  ): Promise<{ values: Float32Array; gradients: Map<string, Tensor<Float32Array>> }> {
    const { result, pos } = await this.#forward(prompts, options, hooks);
    const { values, d_residual } = await this.readout(
      result.residual,
      positions,
      readout,
      pos,
      true,
    );
    const gradients = await result.backward(d_residual);
    // The embeddings are added up to the residual stream, so they share its gradient.
    for (const name of hooks) if (name in OUTER_HOOKS) gradients.set(name, gradients.get("x")!);
    gradients.delete("x");
    return { values: values.data, gradients };
  }

  /** Residual stream before block 0, with embedding hooks; `start` is the position of the first token. */
  async embed(prompts: Prompts, plan: HookPlan = {}, patches: readonly Patch[] = [], start = 0) {
    const { tokens, pos } = padTokens(prompts, this.config.vocabSize);
    if (start + pos > this.config.maxPositions && this.config.architecture === "gpt2") {
      throw new Error(`${start + pos} positions, the model has ${this.config.maxPositions}`);
    }
    const session = await this.#compiled("embed", plan, (o) => compileEmbed(this.config, plan, o));
    const position_ids = tensor(Int32Array.from({ length: pos }, (_, i) => start + i), [pos]);
    const given = patches.flatMap((
      p,
    ) => [[patchFeed(p.hook), p.value], [maskFeed(p.hook), maskOf(p, p.hook)]]);
    const weights = await this.store.get("embed");
    return session.run({ tokens, position_ids, ...weights, ...Object.fromEntries(given) });
  }

  /** Metric values of a residual stream `[batch, pos, d]`, with `gradient` also their gradient `d_residual`. */
  async readout(
    residual: Tensor<Float32Array>,
    positions: readonly number[],
    readout: Readout,
    pos: number,
    gradient: boolean,
  ) {
    const spec = { kind: readout.kind, width: readout.width, bias: this.foldedBias, gradient };
    const session = await this.#compiled(
      "readout",
      spec,
      (o) => compileReadout(this.config, spec, o),
    );
    const feeds = { residual, ...readoutFeeds(positions, pos, readout) };
    return session.run({ ...feeds, ...await this.store.get("unembed") });
  }

  async #unembed(residual: Tensor<Float32Array>, rows: Tensor, plan: HookPlan = {}) {
    const session = await this.#compiled(
      "unembed",
      { plan, bias: this.foldedBias },
      (o) => compileUnembed(this.config, plan, this.foldedBias, o),
    );
    return session.run({ residual, rows, ...await this.store.get("unembed") });
  }

  #compiled(kind: string, spec: unknown, build: (o: SessionOptions) => Promise<Session>) {
    return this.runtime.compiled(`${kind} ${JSON.stringify([this.config, spec])}`, build);
  }

  async #forward(prompts: Prompts, options: RunOptions, differentiate: readonly string[] = []) {
    const read = this.#byLayer(options.read ?? []);
    const patches = new Map<number | undefined, LayerPatch[]>();
    for (const patch of options.patches ?? []) {
      const { layer, point } = parseHookName(patch.hook, this.config);
      const list = patches.get(layer) ?? [];
      list.push({ point, value: patch.value, mask: maskOf(patch, point) });
      patches.set(layer, list);
    }
    const outerPatches = (options.patches ?? []).filter((p) => p.hook in OUTER_HOOKS);
    const unsupported = outerPatches.find((p) => p.hook.startsWith("ln_final."));
    if (unsupported) {
      throw new Error(
        `hook "${unsupported.hook}" can be read, not patched; patch the last hook_resid_post`,
      );
    }
    const outerReads = (read.get(undefined) ?? []).filter((name) => !name.startsWith("ln_final."));
    const plan = { read: outerReads, patch: outerPatches.map((p) => p.hook) };
    const embedded = await this.embed(prompts, plan, outerPatches, options.past?.length ?? 0);
    const layered = <T>(map: Map<number | undefined, T>) => map as Map<number, T>;
    const gradient = differentiate.length > 0;
    const result: LayerRunResult = await this.layers.run(embedded.residual, {
      read: layered(read),
      patches: layered(patches),
      differentiate: layered(this.#byLayer(differentiate)),
      past: options.past,
      keysValues: options.keysValues,
      gradient,
    });
    const outer = outerReads.map((name) => [name, embedded[name]] as const);
    return { result, outer, pos: embedded.residual.shape[1] };
  }

  #byLayer(names: readonly string[]): Map<number | undefined, string[]> {
    const map = new Map<number | undefined, string[]>();
    for (const name of names) {
      const { layer, point } = parseHookName(name, this.config);
      map.set(layer, [...map.get(layer) ?? [], point]);
    }
    return map;
  }

  /** Frees the weights; compiled sessions stay with the runtime. */
  close(): void {
    this.store.close();
  }
}

/** The mask of a patch, all true where none is given. */
function maskOf(patch: Patch, point: string): Tensor {
  if (patch.mask) return patch.mask;
  const shape = maskShape(patch.value.shape, point) as number[];
  return tensor(new Uint8Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
}
