/**
 * What a run will take, from a rehearsal of one checkpoint (`utils/onnx/rehearsal`):
 *
 *  1. The script measures a checkpoint of made-up weights of the model's shape. Sessions compute nothing and count what they
 *     would compute; files are counted, not written.
 *  2. seconds = start + first + (n − 1) · one + compile + (n · sessions), for n checkpoints:
 *       `one`, `first`   the script's own time at a checkpoint; at the first one, code is not compiled yet
 *       `sessions`       the counted runs, at the speed of this machine (`rehearsedSeconds`)
 *  3. memory = resident memory in the rehearsal − stand-in weights + the run's weights + the largest inner values of a run
 *     + arenas that sessions keep.
 *  4. disk = n · bytes of the files of a checkpoint. downloads = missing checkpoints · bytes of one (`planned_model.ts`).
 */
import { isRehearsal, rehearsedFiles, startRehearsal } from "../../base/mod.ts";
import { Progress, type ProgressTarget } from "../../cli/mod.ts";
import {
  HookedModel,
  type ModelOptions,
  type Runtime,
  standInSource,
  unitBytes,
  unitNames,
} from "../../model/mod.ts";
import {
  Rehearsal,
  type RehearsedRuns,
  rehearsedSeconds,
  secondsOfProcess,
  stopwatch,
} from "../../onnx/mod.ts";
import { secondsPerNumber } from "../../tensor_files/mod.ts";
import type { PlannedModel } from "./planned_model.ts";

/** What a run will take. */
export interface Estimate {
  /** checkpoints to measure */
  checkpoints: number;
  /** seconds of the whole run */
  seconds: number;
  /** seconds of one checkpoint */
  seconds_per_checkpoint: number;
  /** largest resident memory, in bytes */
  memory_bytes: number;
  /** bytes of the model's weights as float32 */
  weights_bytes: number;
  /** bytes of the results */
  disk_bytes: number;
  /** bytes to download */
  download_bytes: number;
  /** where the size of a download is from; absent if there is none */
  download_from?: string;
  /** floating-point operations of all matrix products */
  flops: number;
  /** operations a second of a large matrix product on this machine */
  matmul_rate: number;
  /** share of the work whose speed was measured on its own operators */
  measured_share: number;
  /** what is assumed, in words */
  notes: string[];
}

/** How weights are held in the run. */
export interface Holding {
  /** bytes of weights that may be in memory; undefined: all */
  budget?: number;
  /** models whose weights are in memory at once */
  models: number;
}

/** Milliseconds below which a checkpoint is rehearsed twice, since compiling its code is a large part of it. */
const SHORT = 1000;
/** What a compiled session takes besides its values, and what ONNX Runtime itself takes. */
const SESSION_BYTES = 0.4e6, RUNTIME_BYTES = 25e6;

/** Rehearses the stages of a script and adds up what they take. */
export class Estimator {
  /** what sessions would compute */
  readonly rehearsal = new Rehearsal();
  #startMs?: number;
  readonly #source;
  readonly #notes: string[];
  #scriptMs = 0;
  #checkpoints = 0;
  #diskBytes = 0;

  /** Starts the rehearsal: from now on the process writes nothing. */
  constructor(private readonly model: PlannedModel, private readonly holding: Holding) {
    if (!isRehearsal()) startRehearsal();
    rehearsedFiles();
    this.#source = standInSource(model.config);
    this.#notes = [...model.notes];
  }

  /** Opens a model of made-up weights. */
  open(runtime: Runtime, processing: ModelOptions["processing"]): HookedModel {
    const { tokenizer, config } = this.model;
    const large = weightBytes(config) > 2e9;
    return HookedModel.fromSource(this.#source, {
      ...{ runtime, processing, tokenizer },
      ...(large && processing && { memoryBudget: 2e9 }),
    });
  }

  /**
   * Rehearses what a script does once for each of `times` checkpoints. An error of the script, which made-up numbers may
   * cause, becomes a note.
   */
  async stage(times: number, run: (progress: Progress) => Promise<unknown>): Promise<void> {
    this.#startMs ??= 1000 * secondsOfProcess();
    if (times === 0) return;
    this.#checkpoints = Math.max(this.#checkpoints, times);
    const { rehearsal } = this;
    const once = async () => {
      const [seconds, own, runs] = [stopwatch(), rehearsal.ownMs, rehearsal.total];
      await run(new Progress("checkpoint", 1, { target: SILENT }));
      return {
        ms: 1000 * seconds() - (rehearsal.ownMs - own),
        runs: rehearsal.total - runs,
      };
    };
    const speak = silence();
    rehearsal.times = times;
    try {
      const first = await once();
      const bytes = [...rehearsedFiles().values()].reduce((sum, size) => sum + size, 0);
      this.#diskBytes += times * bytes;
      let later = first;
      rehearsal.times = 0;
      for (let i = 0; i < 2 && times > 1 && first.ms < SHORT; i++) {
        const again = await once();
        if (again.runs >= 0.9 * first.runs && again.ms < later.ms) later = again;
      }
      this.#scriptMs += first.ms + (times - 1) * later.ms;
    } catch (error) {
      this.#notes.push(
        `the rehearsal stopped early, so the estimate is too low: ${(error as Error).message}`,
      );
    } finally {
      rehearsedFiles();
      speak();
    }
  }

  /** Adds up the estimate. @param missing checkpoints to download */
  async finish(missing: number): Promise<Estimate> {
    const { model: { config, checkpointBytes = 0, downloadFrom }, rehearsal } = this;
    const { runs } = rehearsal;
    const time = await rehearsedSeconds(runs);
    const n = this.#checkpoints;
    const start = (this.#startMs ?? 1000 * secondsOfProcess()) / 1000;
    const reading = n * weightBytes(config) / 4 * await secondsPerNumber(stopwatch);

    const seconds = start + reading + this.#scriptMs / 1000 + time.seconds + time.compileSeconds;
    return {
      checkpoints: n,
      seconds: n === 0 ? start : seconds,
      seconds_per_checkpoint: n === 0 ? 0 : (reading + this.#scriptMs / 1000 + time.seconds) / n,
      memory_bytes: this.#memory(runs),
      weights_bytes: weightBytes(config),
      disk_bytes: this.#diskBytes,
      download_bytes: missing * checkpointBytes,
      ...(missing > 0 && downloadFrom && { download_from: downloadFrom }),
      flops: time.flops,
      matmul_rate: time.rate,
      measured_share: time.measured,
      notes: this.#notes,
    };
  }

  #memory(runs: readonly RehearsedRuns[]): number {
    const { holding: { budget, models }, model: { config }, rehearsal } = this;
    const whole = weightBytes(config);
    const weights = budget !== undefined && budget < whole ? budget : models * whole;
    const arenas = new Map<RehearsedRuns["model"], number>();
    let inner = 0;
    for (const { model, options, cost } of runs) {
      if (options.arena) arenas.set(model, Math.max(arenas.get(model) ?? 0, cost.inner));
      else inner = Math.max(inner, cost.inner);
    }
    const kept = [...arenas.values()].reduce((sum, bytes) => sum + bytes, 0);
    const sessions = new Set(runs.map(({ model }) => model)).size * SESSION_BYTES;
    return rehearsal.peakRss - this.#source.bytes() + weights + inner + kept + sessions +
      RUNTIME_BYTES;
  }
}

const weightBytes = (config: PlannedModel["config"]) =>
  unitNames(config).reduce((sum, unit) => sum + unitBytes(config, unit), 0);

const SILENT: ProgressTarget = {
  draw: () => {},
  report: () => {},
  interactive: false,
  colors: false,
  columns: () => 80,
  now: () => performance.now(),
};

/** Makes the console silent; returns a function that lets it speak again. */
function silence(): () => void {
  const { log, warn, error } = console;
  console.log = console.warn = console.error = () => {};
  return () => Object.assign(console, { log, warn, error });
}
