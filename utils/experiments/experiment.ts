/**
 * The frame of an experiment over a model's training. A script only says what it measures at each checkpoint.
 *
 * 1. `openExperiment` chooses the steps to visit and reads what holds for all of them: the model's shape, its tokenizer,
 *    one runtime.
 * 2. `results` opens a result file with the settings that determine its numbers, so that a stopped run continues.
 * 3. `run` measures each checkpoint that a file lacks, compares checkpoints if the script asks for it, prints the table
 *    of all of them, and says where the results are. If every checkpoint failed, there is nothing to show.
 */
import { isDryRun, isEstimate, isPlanOnly, printTable, resultSettings } from "../cli/mod.ts";
import { UserError } from "../base/mod.ts";
import {
  type OpenOptions,
  type ResultFile,
  type ResultKind,
  type ResultPaths,
} from "../results/mod.ts";
import {
  type HookedModel,
  type ModelConfig,
  type ModelOptions,
  type Runtime,
  type Tokenizer,
} from "../model/mod.ts";
import { type BosSettings, promptTokenizer, recordedBos } from "./bos.ts";
import { forEachCheckpoint, type LoopResult } from "./checkpoint_loop.ts";
import type { CheckpointRun } from "./checkpoint_run.ts";
import { computedOn, requireCircuits } from "./prerequisites.ts";
import {
  type Estimator,
  missingSteps,
  openLast,
  planLines,
  printPlan,
  tellEstimate,
} from "./estimate/mod.ts";
import { FREE_KEYS, type ModelSettings } from "./model_keys.ts";
import { parseShard, type Shard, shardOf, shardText } from "./shard.ts";
import { ModelRef, resultPaths } from "./model_ref.ts";

/** Settings of an experiment: the model and its checkpoints, and in some scripts a shard of these. */
export type ExperimentSettings = ModelSettings & BosSettings & { shard?: string };

/** What an experiment needs in addition to its settings. */
export interface ExperimentOptions {
  /** task whose circuits the experiment reads; at least one step must have one */
  circuits?: string;
  /** checkpoints before this step are skipped (the script's key `first_step`) */
  firstStep?: number;
  /** how the weights are transformed; default: not at all */
  processing?: ModelOptions["processing"];
  /** names under which result files record keys that have been renamed since */
  recorded?: Readonly<Record<string, string>>;
}

/** What a script says about a result file in addition to its kind. */
export interface ResultsOptions<Header, Entry> {
  /** keys, in addition to `FREE_KEYS`, that change no number of the file */
  free?: readonly string[];
  /** settings that are not keys, and keys with a default filled in for the model */
  settings?: Record<string, unknown>;
  /** what the file says about all checkpoints in addition to the model; default: its shape */
  header?: Omit<Header, "model">;
  /** start from scratch, whatever the settings say */
  overwrite?: boolean;
  /** keys of the file that follow from its entries */
  derive?: OpenOptions<Header, Entry>["derive"];
}

/**
 * Opens an experiment: fetches the last checkpoint, computes nothing.
 * @throws UserError if the model lacks a step, the first step is after all others, or no step has a circuit of
 *   `circuits`.
 */
export async function openExperiment(
  config: ExperimentSettings,
  { circuits, firstStep = 0, processing, recorded }: ExperimentOptions = {},
): Promise<Experiment> {
  const shard = parseShard(config.shard, config.overwrite);
  const ref = new ModelRef(config);
  await ref.listPublished();
  const all = ref.steps();
  const steps = all.filter((step) => step >= firstStep);
  if (steps.length === 0) {
    throw new UserError(
      `first_step: expected at most ${all.at(-1)}, the last checkpoint; found ${firstStep}`,
      2,
    );
  }
  const paths = resultPaths(config);
  if (circuits !== undefined) requireCircuits(paths, circuits, steps);
  const { tokenizer: plain, model, estimator } = await openLast(ref, steps);
  const tokenizer = promptTokenizer(plain, model, config);
  const runtime = ref.runtime(model, { rehearsal: estimator?.rehearsal });
  const weights = await ref.weightDigests(steps);
  return new Experiment({
    config,
    shard,
    processing,
    recorded,
    ref,
    steps,
    paths,
    tokenizer,
    model,
    runtime,
    weights,
    estimator,
  });
}

/** What an experiment is made of. */
export type ExperimentParts = {
  config: ExperimentSettings;
  shard: Shard | undefined;
  processing: ModelOptions["processing"];
  recorded: Readonly<Record<string, string>> | undefined;
  ref: ModelRef;
  steps: readonly number[];
  paths: ResultPaths;
  tokenizer: Tokenizer;
  model: ModelConfig;
  runtime: Runtime;
  weights: ReadonlyMap<number, string>;
  /** says what the run will take, if it is only planned */
  estimator?: Estimator;
};

/** One model over its training. Made by `openExperiment`. */
export class Experiment {
  /** Called by `openExperiment`. */
  constructor(private readonly parts: ExperimentParts) {}

  /** Steps to visit, ascending. */
  get steps(): readonly number[] {
    return this.parts.steps;
  }

  /** Where the model's results are. */
  get paths(): ResultPaths {
    return this.parts.paths;
  }

  /** The model's tokenizer. */
  get tokenizer(): Tokenizer {
    return this.parts.tokenizer;
  }

  /** The model's configuration, the same at all steps. */
  get model(): ModelConfig {
    return this.parts.model;
  }

  /** The model's shape, as result files record it. */
  get shape(): { nLayers: number; nHeads: number } {
    const { nLayers, nHeads } = this.model;
    return { nLayers, nHeads };
  }

  /**
   * Returns the settings that determine results, as result files record them.
   * @param free keys of the script that change no number
   */
  settings(free: readonly string[] = []): Record<string, unknown> {
    const { config, tokenizer, recorded } = this.parts;
    const keys = recordedBos(config as unknown as Record<string, unknown>, tokenizer);
    return resultSettings(keys, [...FREE_KEYS, ...free], recorded);
  }

  /**
   * Opens a result file with an entry per checkpoint.
   * @param place what the file's path needs in addition to the model, e.g. the task
   * @throws UserError if the file was made with other settings or of other weights.
   */
  results<Header, Entry, Place extends unknown[]>(
    kind: ResultKind<Header, Entry, Place>,
    { free, settings, header, derive, overwrite: scratch }: ResultsOptions<Header, Entry> = {},
    ...place: Place
  ): Promise<ResultFile<Entry>> {
    const { paths, weights, runtime, shard, config: { overwrite } } = this.parts;
    return kind.open({
      path: kind.path(paths, ...place),
      settings: { ...this.settings(free), ...settings },
      header: { model: paths.model, ...(header ?? { shape: this.shape }) } as Header,
      weights,
      overwrite: scratch || overwrite,
      computedOn: computedOn(runtime.sessionOptions),
      shard: shard !== undefined,
      dryRun: isDryRun(),
      derive,
    });
  }

  /** Opens a checkpoint, its weights processed as the experiment needs them. */
  open(step: number): Promise<HookedModel> {
    const { ref, runtime, processing, estimator } = this.parts;
    if (estimator) return Promise.resolve(estimator.open(runtime, processing));
    return ref.open(step, runtime, { processing });
  }

  /** Which part of the checkpoints this run measures; undefined: all. */
  get shard(): Shard | undefined {
    return this.parts.shard;
  }

  /** Measures every checkpoint of the run's shard that is not done; a dry run rehearses the last of them. */
  async forEachCheckpoint(
    isDone: (step: number) => boolean,
    measure: CheckpointRun["measure"],
    steps: readonly number[] = this.steps,
  ): Promise<LoopResult> {
    if (this.parts.estimator) return await this.#rehearse(isDone, measure, steps);
    return await forEachCheckpoint({
      steps: shardOf(steps, this.shard),
      isDone,
      prefetch: (step) => this.open(step),
      run: measure,
      release: (model) => model.close(),
    });
  }

  /** Rehearses the last checkpoint that is not done, for all of them. */
  async #rehearse(
    isDone: (step: number) => boolean,
    measure: CheckpointRun["measure"],
    steps: readonly number[],
  ): Promise<LoopResult> {
    const own = shardOf(steps, this.shard);
    const todo = own.filter((step) => !isDone(step)), skipped = own.filter(isDone);
    for (const step of todo) this.#planned.add(step);
    if (isPlanOnly()) return { done: [], skipped, failed: [], exitCode: 0 };
    await this.parts.estimator!.stage(todo.length, async (progress) => {
      const model = await this.open(todo.at(-1)!);
      await measure(todo.at(-1)!, model, progress);
      model.close();
    });
    return { done: [], skipped, failed: [], exitCode: 0 };
  }
  readonly #planned = new Set<number>();

  /**
   * Prints what a run would do and take, from what has been rehearsed; `--estimate` prints no plan.
   * @returns exit code 0
   */
  async tellPlan(plan: readonly string[]): Promise<number> {
    const { ref, estimator } = this.parts;
    const missing = await missingSteps(ref, [...this.#planned]);
    if (isPlanOnly()) printPlan(plan, missing);
    else tellEstimate(await estimator!.finish(missing.length), isEstimate() ? undefined : plan);
    return 0;
  }

  /**
   * Prints what a run would do whose parts are not all in {@link run}.
   * @returns exit code 0
   */
  async plan(
    isDone: (step: number) => boolean,
    files: readonly { path: string }[],
  ): Promise<number> {
    const steps = shardOf(this.steps, this.shard);
    for (const step of steps) if (!isDone(step)) this.#planned.add(step);
    return await this.tellPlan(planLines(steps, isDone, files));
  }

  /**
   * Measures what the files lack and prints what they hold; a shard measures its part and compares nothing.
   * @returns the script's exit code
   */
  async run(
    { files, measure, compare, compareAt, columns, stepHeader = "step", closing }: CheckpointRun,
  ): Promise<number> {
    const isDone = (step: number) => files.every((file) => file.has(step));
    if (isDryRun()) {
      const plan = planLines(shardOf(this.steps, this.shard), isDone, files);
      await this.#rehearse(isDone, measure, this.steps);
      const [all, last] = [this.steps.length, this.steps.at(-1)!];
      if (compareAt && !this.shard && all > 1 && !isPlanOnly()) {
        await this.parts.estimator!.stage(all, async () => compareAt(last, await this.open(last)));
      }
      return await this.tellPlan(plan);
    }
    const loop = await this.forEachCheckpoint(isDone, measure);
    if (this.shard) {
      console.log(shardText(this.shard, shardOf(this.steps, this.shard)));
      return loop.exitCode;
    }
    const steps = files.at(-1)!.steps();
    if (steps.length === 0) return loop.exitCode;
    const compared = await compare?.(loop) ?? 0;
    printTable<number>([{ header: stepHeader, value: (step) => step }, ...columns()], steps);
    if (closing) closing();
    else if (loop.done.length + loop.skipped.length > 0) {
      console.log(`written to ${files.map(({ path }) => path).join(" and ")}`);
    }
    return loop.exitCode || compared;
  }
}
