/** A run with its files: it resumes from the saved state, or starts from initial parameters. */
import type { SessionOptions } from "../onnx/mod.ts";
import type { Objective } from "./objective.ts";
import { type Optimiser, slotsOf } from "./optimiser/mod.ts";
import { layoutOf } from "./parameters.ts";
import { initialState, type TrainingState } from "./state.ts";
import { readState, writeState } from "./state_file.ts";
import { type StepResult, Trainer } from "./trainer.ts";
import { TrainingLog } from "./training_log.ts";

/** What makes the steps of a run. */
export interface StepMaker<Batch> {
  /** parameters, slots and carried tensors; each step changes it in place */
  readonly state: TrainingState<ArrayBufferLike>;
  /** Makes one step. */
  step(batch: Batch): Promise<StepResult>;
  /** Frees what was compiled. */
  release(): Promise<void>;
}

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
export interface Run<Batch, Steps extends StepMaker<Batch> = Trainer<Batch>> {
  /** makes the steps */
  readonly trainer: Steps;
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
export function openRun<Batch>(options: RunOptions<Batch>): Promise<Run<Batch>> {
  const { objective, optimiser, session } = options;
  return openRunWith(options, (state) => Trainer.compile(objective, optimiser, state, session));
}

/**
 * Opens a run whose steps something else makes; nothing is written yet.
 * @param compile returns what makes the steps from a state. It may move the state elsewhere.
 * @throws UserError naming the state file when it is damaged or belongs to other settings.
 */
export async function openRunWith<Batch, Steps extends StepMaker<Batch>>(
  options: RunOptions<Batch>,
  compile: (state: TrainingState) => Promise<Steps>,
): Promise<Run<Batch, Steps>> {
  const { objective, optimiser, statePath, logPath, settings } = options;
  const slots = slotsOf(optimiser);
  const carried = layoutOf(objective.carried ?? []);
  const saved = options.fresh
    ? undefined
    : await readState(statePath, settings, layoutOf(objective.parameters), slots, carried);
  const trainer = await compile(saved ?? initialState(await options.initial(), slots, carried));
  const { step } = trainer.state;
  const log = saved ? await TrainingLog.upTo(logPath, step) : TrainingLog.empty(logPath);
  return {
    trainer,
    log,
    resumed: saved !== undefined,
    async save() {
      await log.write();
      await writeState(statePath, trainer.state, settings);
    },
  };
}
