/**
 * The frame of an experiment over a model's training, around the one question that a script asks of each checkpoint.
 *
 * 1. `openExperiment` decides which steps are visited and reads what holds for all of them: the model's shape, its
 *    tokenizer, one runtime.
 * 2. `results` opens a result file with the settings that determine its numbers, so that a stopped run continues.
 * 3. `run` loads each checkpoint that a file lacks, has it measured, prints the table of all of them and says what was
 *    written; where every checkpoint failed there is nothing to show.
 */
import type { z } from "zod";
import { forEachCheckpoint, type LoopResult } from "./checkpoint_loop.ts";
import { resultSettings } from "../cli/config.ts";
import type { Progress } from "../cli/progress.ts";
import { openResultFile, type ResultFile } from "../results/result_file.ts";
import { ResultPaths } from "../results/result_path.ts";
import { type Column, printTable } from "../cli/table.ts";
import { UserError } from "../base/user_error.ts";
import { type ModelConfig, readModelConfig } from "../model/config.ts";
import type { HookedModel, ModelOptions } from "../model/hooked_model.ts";
import type { Runtime } from "../model/runtime.ts";
import { loadTokenizer, type Tokenizer } from "../model/tokenizer.ts";
import {
  checkpointFolder,
  FREE_KEYS,
  localWeights,
  type ModelSettings,
  openCheckpointModel,
  resultModel,
  runtimeOf,
  trainingSteps,
} from "./model_keys.ts";

/** What `modelKeys` gives a script. */
export interface ExperimentSettings extends ModelSettings {
  results_dir: string;
  overwrite: boolean;
}

export interface ExperimentOptions {
  /** task whose circuits the experiment reads; one of the steps must have one */
  circuits?: string;
  /** checkpoints before this step are left out, by the script's key `first_step` */
  firstStep?: number;
  /** what the script calls the schedule, for messages; default: as in `modelKeys` */
  scheduleKey?: string;
  /** what is done to the weights; default: nothing */
  processing?: ModelOptions["processing"];
}

export interface ResultsOptions<Entry> {
  path: string;
  format: string;
  /** layout of a checkpoint's entry */
  entry: z.ZodType<Entry>;
  /** keys, beside `FREE_KEYS`, that change no number of the file */
  free?: readonly string[];
  /** settings that are no keys, and keys with a default filled in for the model */
  settings?: Record<string, unknown>;
  /** what the file says beside the model; default: its shape */
  header?: Record<string, unknown>;
}

/** What a run needs of its result files. */
type Results = Pick<ResultFile<unknown>, "path" | "has" | "steps">;

export interface CheckpointRun {
  /** a step is done when all of them have it; the table is of the last one's steps */
  files: readonly Results[];
  /** computes and writes a step's entries; returns what its line says */
  measure(step: number, model: HookedModel, progress: Progress): Promise<string>;
  /** the table behind the column of the step, made when all is measured */
  columns(): Column<number>[];
  /** header of the step's column; default "step" */
  stepHeader?: string;
}

/** Where the results of a config's model lie. */
export const resultPaths = (config: ExperimentSettings): ResultPaths =>
  new ResultPaths(config.results_dir, resultModel(config));

/**
 * Begins an experiment: fetches the last checkpoint, computes nothing.
 * @throws UserError for steps that the model has not, a first step after all of them, or when none of them has a circuit
 *   of `circuits`.
 */
export async function openExperiment(
  config: ExperimentSettings,
  { circuits, firstStep = 0, scheduleKey, processing }: ExperimentOptions = {},
): Promise<Experiment> {
  const all = trainingSteps(config, scheduleKey);
  const steps = all.filter((step) => step >= firstStep);
  if (steps.length === 0) {
    throw new UserError(
      `first_step: found ${firstStep}, which leaves no checkpoint; expected at most ${
        all.at(-1)
      }, the last one`,
      2,
    );
  }
  const paths = resultPaths(config);
  if (circuits !== undefined) requireCircuits(paths, circuits, steps);
  const folder = await checkpointFolder(config, steps.at(-1)!);
  const tokenizer = await loadTokenizer(folder);
  const model = await readModelConfig(folder);
  const runtime = runtimeOf(config, model);
  const weights = await localWeights(config, steps);
  return new Experiment(config, { processing }, steps, paths, tokenizer, model, runtime, weights);
}

/** One model over its training. Made by `openExperiment`. */
export class Experiment {
  /** of the model, as result files say it */
  readonly shape: { nLayers: number; nHeads: number };

  constructor(
    private readonly config: ExperimentSettings,
    private readonly options: ModelOptions,
    /** to visit, ascending */
    readonly steps: readonly number[],
    readonly paths: ResultPaths,
    readonly tokenizer: Tokenizer,
    readonly model: ModelConfig,
    readonly runtime: Runtime,
    /** digests of the weights by step, where they are in a folder */
    readonly weights: ReadonlyMap<number, string>,
  ) {
    this.shape = { nLayers: model.nLayers, nHeads: model.nHeads };
  }

  /**
   * Opens a result file with an entry per checkpoint.
   * @throws UserError when it was made with other settings or of other weights.
   */
  results<Entry>(
    { path, format, entry, free = [], settings, header = { shape: this.shape } }: ResultsOptions<
      Entry
    >,
  ): Promise<ResultFile<Entry>> {
    const keys = this.config as unknown as Record<string, unknown>;
    return openResultFile<Entry>({
      path,
      format,
      settings: { ...resultSettings(keys, [...FREE_KEYS, ...free]), ...settings },
      header: { model: resultModel(this.config), ...header },
      entry,
      weights: this.weights,
      overwrite: this.config.overwrite,
    });
  }

  /** Opens a checkpoint as the experiment wants it. */
  open(step: number): Promise<HookedModel> {
    return openCheckpointModel(this.config, step, this.runtime, this.options);
  }

  /** Has every checkpoint measured that is not done. */
  forEachCheckpoint(
    isDone: (step: number) => boolean,
    measure: CheckpointRun["measure"],
  ): Promise<LoopResult> {
    return forEachCheckpoint({
      steps: this.steps,
      isDone,
      prefetch: (step) => this.open(step),
      run: measure,
      release: (model) => model.close(),
    });
  }

  /** Measures what the files lack and prints what they hold. @returns the script's exit code */
  async run({ files, measure, columns, stepHeader = "step" }: CheckpointRun): Promise<number> {
    const isDone = (step: number) => files.every((file) => file.has(step));
    const { done, skipped, exitCode } = await this.forEachCheckpoint(isDone, measure);
    if (done.length + skipped.length === 0) return exitCode;
    printTable<number>(
      [{ header: stepHeader, value: (step) => step }, ...columns()],
      files.at(-1)!.steps(),
    );
    console.log(`written to ${files.map(({ path }) => path).join(" and ")}`);
    return exitCode;
  }
}

/**
 * Checks that some of the steps have a circuit of the task; steps without one fail on their own.
 * @throws UserError naming the folder when there is none.
 */
function requireCircuits(paths: ResultPaths, task: string, steps: readonly number[]): void {
  const there = (step: number) => {
    try {
      return Deno.statSync(paths.graph(task, step)).isFile;
    } catch {
      return false;
    }
  };
  if (!steps.some(there)) {
    throw new UserError(
      `no circuit of task ${task} such as ${paths.graph(task, steps.at(-1)!)}; ` +
        `run get_circuits_over_time.ts for this model and task first`,
    );
  }
}
