/** A run with its files: it resumes from the saved state, or starts from initial parameters. */
import type { SessionOptions } from "../onnx/mod.ts";
import type { Objective } from "./objective.ts";
import { type Optimiser, slotsOf } from "./optimiser/mod.ts";
import { layoutOf } from "./parameters.ts";
import { initialState } from "./state.ts";
import { readState, writeState } from "./state_file.ts";
import { Trainer } from "./trainer.ts";
import { TrainingLog } from "./training_log.ts";

/** What a run is made of. */
export interface RunOptions<Batch> {
  /** what is trained */
  objective: Objective<Batch>;
  /** how a gradient becomes an update */
  optimiser: Optimiser;
  /** Returns the parameters before the first step, laid out in the objective's order; called for a new run only. */
  initial(): Float32Array<ArrayBuffer> | Promise<Float32Array<ArrayBuffer>>;
  /** file of the state, a safetensors file */
  statePath: string;
  /** file of the log, JSON lines */
  logPath: string;
  /** what determines the run; a state of other settings is refused */
  settings: unknown;
  /** ignores a saved state */
  fresh?: boolean;
  /** options of the compiled graphs */
  session?: SessionOptions;
}

/** A run with its state, log and files. */
export interface Run<Batch> {
  /** makes the steps */
  readonly trainer: Trainer<Batch>;
  /** lines up to the present step */
  readonly log: TrainingLog;
  /** whether a saved state was found */
  readonly resumed: boolean;
  /** Writes log and state. */
  save(): Promise<void>;
}

/**
 * Opens a run; nothing is written yet.
 * @throws UserError naming the state file when it is damaged or belongs to other settings.
 */
export async function openRun<Batch>(options: RunOptions<Batch>): Promise<Run<Batch>> {
  const { objective, optimiser, statePath, logPath, settings } = options;
  const slots = slotsOf(optimiser);
  const carried = layoutOf(objective.carried ?? []);
  const saved = options.fresh
    ? undefined
    : await readState(statePath, settings, layoutOf(objective.parameters), slots, carried);
  const state = saved ?? initialState(await options.initial(), slots, carried);
  const log = saved ? await TrainingLog.upTo(logPath, state.step) : TrainingLog.empty(logPath);
  const trainer = await Trainer.compile(objective, optimiser, state, options.session);
  return {
    trainer,
    log,
    resumed: saved !== undefined,
    async save() {
      await log.write();
      await writeState(statePath, state, settings);
    },
  };
}
