/**
 * A language model for experiments: takes texts or token ids, with hook points to read, patch, replace and differentiate.
 *
 *   const logits = await model.logits("When Mary and John went to the store, John gave a drink to");
 *   const { cache } = await model.runWithCache("When Mary and John", "blocks.*.attn.hook_pattern");
 *   const { text } = await model.generate("When Mary and John", { hooks: [{ at, call }] });
 *   const { gradients } = await model.gradients([tokens], [position], readout, ["blocks.0.hook_resid_pre"]);
 */
import { join } from "@std/path";
import { isFile, mean } from "../base/mod.ts";
import { modelTokenizer } from "./bos.ts";
import { checkCheckpoint, openCheckpoint } from "./files/mod.ts";
import { readModelConfig } from "./config.ts";
import { joinRows, NdTensor, type Tensor, tensor } from "../onnx/mod.ts";
import { hookNames, type Readout } from "./blocks/mod.ts";
import {
  cachedLogits,
  callHooks,
  continueTokens,
  type FunctionHook,
  type Generated,
  type GenerateOptions,
  lastPositions,
  type Prompt,
  promptTokens,
  type TextPrompts,
  textTokens,
  tokenLosses,
} from "./library/mod.ts";
import type { HookGradients, KnownHook } from "./hook_types.ts";
import { allHookPoints, matchHooks, type RunOptions } from "./run/mod.ts";
import {
  type CachedRun,
  type HookedRunOptions,
  type HookedRunResult,
  type ModelOptions,
  namedTensors,
  wrapped,
} from "./options.ts";
import { checkReadout, TokenModel } from "./token_model.ts";
import { requireSingleToken, type Tokenizer, tokenTexts } from "./tokenizer.ts";
import {
  checkpointSource,
  weightProcessor,
  type WeightSource,
  WeightStore,
} from "./weights/mod.ts";
import { resolveModel } from "./hub/mod.ts";
import { Runtime } from "./runtime.ts";

export type { ModelOptions } from "./options.ts";
export type { Patch, RunOptions } from "./run/mod.ts";

/**
 * Runs one checkpoint on texts or token ids.
 * @example How much worse does the model predict a text without the attention of layer 3?
 * ```ts
 * import { HookedModel, hookName } from "./mod.ts";
 * import { type NdTensor } from "../onnx/mod.ts";
 * import { assertGreater } from "@std/assert";
 *
 * const model = await HookedModel.load("pythia-nano");
 * const text = "Then, Alex and Anthony went to the school. Anthony gave a ring to Alex";
 * const hooks = [{ at: hookName(3, "hook_attn_out"), call: (x: NdTensor) => x.map(() => 0) }];
 * assertGreater(await model.loss(text, { hooks }), await model.loss(text));
 * ```
 */
export class HookedModel extends TokenModel {
  #tokenizer?: Tokenizer;
  readonly #options: ModelOptions;

  private constructor(source: WeightSource, options: ModelOptions, dir?: string) {
    const runtime = options.runtime ?? new Runtime();
    const { processing } = options;
    const transform = processing && weightProcessor(source.config, processing, runtime);
    const store = new WeightStore(source, options.memoryBudget, transform);
    super(store, runtime, options.form ?? {}, dir, processing ?? {});
    this.#options = options;
  }

  /**
   * Opens a model by name, Hub id or folder (see `hub.ts`). Reads weights on first use.
   * @throws Error naming the file, and the tensor that is missing, misshapen or damaged.
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
    return new HookedModel(checkpointSource(files, config), options, dir);
  }

  /** Makes a model over any source of weights, such as random ones. */
  static fromSource(source: WeightSource, options: ModelOptions = {}): HookedModel {
    return new HookedModel(source, options);
  }

  /** Tokenizer of the model's folder, or of the options. @throws Error if there is none, saying where it should be. */
  get tokenizer(): Tokenizer {
    return this.#tokenizer ??= modelTokenizer(this.config, this.dir, this.#options);
  }

  /** Names of all hook points, in the order of a run. */
  get hookPoints(): string[] {
    return allHookPoints(this.config);
  }

  /** Returns the token ids of a text, after BOS if wanted. @throws Error if it has none, or unknown words. */
  toTokens(text: string, options: Pick<ModelOptions, "prependBos"> = {}): number[] {
    return textTokens(text, this.tokenizer, options.prependBos);
  }

  /** Returns the text of each token of a prompt, e.g. `["When", " Mary"]`. */
  toStringTokens(prompt: Prompt): string[] {
    return tokenTexts(this.tokenizer, this.#tokens([prompt])[0]);
  }

  /**
   * Returns the id of a text that is one token.
   * @throws Error showing its tokens if it is not, and the nearest spelling that is.
   */
  toSingleToken(text: string): number {
    return requireSingleToken(this.tokenizer, text);
  }

  /** Returns the text of token ids. */
  toText = (ids: readonly number[]): string => this.tokenizer.decode([...ids]);

  /** Runs prompts; see {@link TokenModel.run}. */
  override async run<R extends string = string>(
    prompts: TextPrompts,
    options: HookedRunOptions<R> & { to?: number } = {},
  ): Promise<HookedRunResult<R>> {
    const tokens = this.#tokens(prompts);
    return wrapped(await super.run(tokens, await this.#resolved(tokens, options)));
  }

  /** Runs blocks on a residual stream; see {@link TokenModel.runBlocks}. */
  override async runBlocks<R extends string = string>(
    x: Tensor<Float32Array>,
    options: Omit<HookedRunOptions<R>, "pos" | "hooks"> & { from?: number; to?: number } = {},
  ): Promise<HookedRunResult<R>> {
    return wrapped(await super.runBlocks(x, options));
  }

  /** Runs the prompts once. Returns all logits, and the hook points that match the patterns ({@link matchHooks}). */
  async runWithCache<R extends string = string>(
    prompts: TextPrompts,
    patterns: (R & KnownHook<R>) | readonly (R & KnownHook<R>)[] = "*" as R & KnownHook<R>,
    options: Omit<HookedRunOptions, "read"> = {},
  ): Promise<CachedRun<R>> {
    const tokens = this.#tokens(prompts);
    const read = matchHooks(patterns, this.config);
    const resolved = await this.#resolved(tokens, options);
    const { logits, hooks } = await this.runWithLogits(tokens, { ...resolved, read });
    const cache = namedTensors<R>(read.map((name) => [name, hooks.get(name)!]));
    return { logits: NdTensor.of(logits), cache };
  }

  /**
   * Returns the logits `[batch, V]` at one position per prompt; default: its last token.
   * @throws RangeError if there is not one position per prompt, or a prompt does not have it.
   */
  override async logits(
    prompts: TextPrompts,
    positions?: readonly number[],
    options: HookedRunOptions = {},
  ): Promise<NdTensor> {
    const tokens = this.#tokens(prompts);
    const resolved = await this.#resolved(tokens, options);
    return NdTensor.of(await super.logits(tokens, positions ?? lastPositions(tokens), resolved));
  }

  /** Returns the logits `[batch, pos, V]` at all positions; ignore those at padding. */
  override async allLogits(
    prompts: TextPrompts,
    options: HookedRunOptions = {},
  ): Promise<NdTensor> {
    const tokens = this.#tokens(prompts);
    return NdTensor.of(await super.allLogits(tokens, await this.#resolved(tokens, options)));
  }

  /** Returns the metric of each prompt, `[batch]`. @throws RangeError as {@link logits} does. */
  override async metric(
    prompts: TextPrompts,
    positions: readonly number[],
    readout: Readout,
    options: HookedRunOptions = {},
  ): Promise<Float32Array> {
    const tokens = this.#tokens(prompts);
    return super.metric(tokens, positions, readout, await this.#resolved(tokens, options));
  }

  /** Returns metrics and gradients; see {@link TokenModel.gradients}. What functions return counts as constant. */
  override async gradients<R extends string = string>(
    prompts: TextPrompts,
    positions: readonly number[],
    readout: Readout,
    hooks: readonly (R & KnownHook<R>)[],
    options: HookedRunOptions = {},
  ): Promise<HookGradients<R>> {
    const tokens = this.#tokens(prompts);
    const run = await this.#resolved(tokens, options);
    return await super.gradients(tokens, positions, readout, hooks, run) as HookGradients<R>;
  }

  /**
   * Returns the loss of predicting each token, in nats: one list per prompt, whose entry p is the loss at token p + 1.
   * @throws Error naming a prompt with fewer than two tokens.
   */
  loss(
    prompts: TextPrompts,
    options: HookedRunOptions & { perToken: true },
  ): Promise<number[][]>;
  /** Returns the mean loss over all tokens that are predicted, in nats. */
  loss(prompts: TextPrompts, options?: HookedRunOptions & { perToken?: false }): Promise<number>;
  async loss(
    prompts: TextPrompts,
    { perToken = false, ...options }: HookedRunOptions & { perToken?: boolean } = {},
  ): Promise<number | number[][]> {
    const tokens = this.#tokens(prompts);
    const losses = tokenLosses(tokens, await this.allLogits(tokens, options));
    return perToken ? losses : mean(losses.flat());
  }

  /**
   * Continues one prompt; see {@link GenerateOptions}. Functions act on every step, on the whole text so far.
   */
  async generate(
    prompt: Prompt,
    options: GenerateOptions & HookedRunOptions = {},
  ): Promise<Generated> {
    const [tokens] = this.#tokens([prompt]);
    const { maxTokens, temperature, seed, stopAtEos, ...run } = options;
    const intervenes = run.hooks || run.patches || run.splices;
    const next = intervenes
      ? async (all: readonly number[]) => (await this.logits([all], undefined, run)).data
      : cachedLogits(this, run);
    const tokenizer = this.#tokenizerIfAny();
    const sampling = { maxTokens, temperature, seed, stopAtEos };
    const found = await continueTokens(tokens, next, sampling, tokenizer?.eosId);
    return { tokens: found, text: tokenizer?.decode(found) ?? "" };
  }

  /**
   * Returns what the model would predict if it ended before each layer: the final LayerNorm and the unembedding applied to
   * the residual stream before layer 0, 1, … and after the last, `[layers + 1, batch, V]` (nostalgebraist 2020).
   * @param positions one per prompt; default: its last token
   */
  async logitLens(
    prompts: TextPrompts,
    positions?: readonly number[],
    options: Omit<HookedRunOptions, "read"> = {},
  ): Promise<NdTensor> {
    const tokens = this.#tokens(prompts);
    const read = hookNames(this.config, "hook_resid_pre");
    const { residual, hooks } = await this.run(tokens, { ...options, read });
    const at = positions ?? lastPositions(tokens);
    checkReadout(tokens, at);
    const rows: Tensor<Float32Array>[] = [];
    for (const stream of [...read.map((name) => hooks.get(name)!), residual]) {
      const { data, shape } = await this.unembed(stream, at);
      rows.push(tensor(data, [1, ...shape]));
    }
    return NdTensor.of(joinRows(rows));
  }

  #tokens(prompts: TextPrompts): number[][] {
    return promptTokens(prompts, () => this.tokenizer);
  }

  #tokenizerIfAny(): Tokenizer | undefined {
    const file = this.dir !== undefined && join(this.dir, "tokenizer.json");
    return this.#options.tokenizer || file && isFile(file) ? this.tokenizer : undefined;
  }

  /** Calls the functions of a run and returns its options with their results as patches. */
  async #resolved<O extends RunOptions & { to?: number }>(
    tokens: number[][],
    { hooks = [], ...options }: O & { hooks?: readonly FunctionHook[] },
  ) {
    if (hooks.length === 0) return options;
    return { ...options, patches: await callHooks(this, tokens, options, hooks) };
  }
}
