/**
 * Loops over steps, for one run or for several side by side on one stream of batches:
 *
 *  1. Save a run that is at step 0, to mark its files as its own. Then run the hooks of step 0.
 *  2. At each step, fetch its batch. Every run that has not done the step makes it and logs it. Batch and optimiser depend
 *     on the step's number alone, so a resumed run repeats what an uninterrupted one would have done.
 *  3. After each step, run the hooks that are due, in order. Save a run after a hook, every `saveEvery` steps and at the end.
 *
 * Runs that were killed between two saves may be at different steps; those ahead wait for the others. Where the caller
 * says so, a run that fails stops, and the others go on.
 */
import { Progress } from "../cli/mod.ts";
import type { TrainingState } from "./state.ts";
import type { StepResult } from "./trainer.ts";
import type { TrainingLog } from "./training_log.ts";

/** What `fit` needs from a run; `openRun` makes one. */
export interface FittedRun<Batch> {
  /** makes the steps */
  readonly trainer: {
    /** `step` counts the steps done */
    readonly state: Pick<TrainingState, "step">;
    /** Makes one step. */
    step(batch: Batch): Promise<StepResult>;
  };
  /** gets a line for each step */
  readonly log: TrainingLog;
  /** Writes log and state. */
  save(): Promise<void>;
}

/** Batches by the number of steps done before. */
export interface Batches<Batch> {
  /** Returns the batch of a step; the same for the same number. */
  at(step: number): Batch | Promise<Batch>;
}

/** What a hook sees. */
export interface HookMoment<R> {
  /** steps done */
  step: number;
  /** the run that has done them */
  run: R;
  /** its place among the runs */
  index: number;
  /** result of the step; absent at step 0 */
  result?: StepResult;
  /** prints a line above the progress bar */
  report(line: string): void;
  /** steps per second of this process so far */
  stepsPerSecond: number;
}

/** Something to do at chosen steps, such as an evaluation, a checkpoint or a change of the state. */
export interface Hook<R> {
  /** Returns whether the hook runs after `step` steps; 0 is before the first. */
  due(step: number): boolean;
  /** Runs the hook. It may change the run's state, which is saved afterwards. */
  run(moment: HookMoment<R>): Promise<void> | void;
  /** whether a run is saved after this hook; default true, except at step 0 */
  saves?: boolean;
}

/** Settings of the loop. */
export interface FitOptions<Batch, R extends FittedRun<Batch>> {
  /** the runs, all on the same batches */
  runs: readonly R[];
  /** the batches */
  batches: Batches<Batch>;
  /** total steps of each run */
  steps: number;
  /** steps between saved states */
  saveEvery: number;
  /** hooks, run in this order */
  hooks?: readonly Hook<R>[];
  /** Starts the count of steps inside a longer progress; default: a bar of its own. */
  progress?(total: number, from: number): Progress;
  /** Returns the note beside the progress bar; default: the loss of the first run. */
  note?(results: readonly StepResult[], stepsPerSecond: number): string;
  /** Called when a step of a run fails. Returns the runs that stop, unsaved; default: all, with the error. */
  onFailure?(run: R, error: unknown): Iterable<R>;
}

/** What the loop measured. */
export interface FitResult {
  /** milliseconds of each step made, all runs together, without the batch */
  times: number[];
}

/** Trains all runs up to `steps` steps. */
export async function fit<Batch, R extends FittedRun<Batch>>(
  options: FitOptions<Batch, R>,
): Promise<FitResult> {
  const { runs, batches, steps, saveEvery, hooks = [] } = options;
  const note = options.note ?? (([{ loss }]) => `loss ${loss.toFixed(3)}`);
  const done = (run: R) => run.trainer.state.step;
  const first = Math.min(...runs.map(done));
  const progress = options.progress?.(steps, first) ?? new Progress("step", steps, { from: first });
  const times: number[] = [];
  const stopped = new Set<R>();
  let total = 0;
  const stepsPerSecond = () => total > 0 ? 1000 * times.length / total : 0;

  const runHooks = async (run: R, step: number, result?: StepResult): Promise<boolean> => {
    let save = false;
    for (const hook of hooks.filter((hook) => hook.due(step))) {
      const report = (line: string) => progress.line(line);
      const index = runs.indexOf(run);
      await hook.run({ step, run, index, result, report, stepsPerSecond: stepsPerSecond() });
      save ||= hook.saves ?? true;
    }
    return save;
  };

  for (const run of runs.filter((run) => done(run) === 0)) {
    await run.save();
    await runHooks(run, 0);
  }
  for (let step = first; step < steps; step++) {
    if (stopped.size === runs.length) break;
    const batch = await batches.at(step);
    const results = new Map<R, StepResult>();
    const started = performance.now();
    for (const run of runs) {
      if (stopped.has(run) || done(run) !== step) continue;
      try {
        results.set(run, await run.trainer.step(batch));
      } catch (error) {
        if (!options.onFailure) throw error;
        for (const each of options.onFailure(run, error)) {
          stopped.add(each);
          results.delete(each);
        }
      }
    }
    times.push(performance.now() - started);
    total += times.at(-1)!;
    for (const [run, { loss, metrics, rate }] of results) {
      run.log.add({ step: step + 1, loss, ...metrics, ...(rate !== undefined && { rate }) });
    }
    if (results.size > 0) progress.update(step + 1, note([...results.values()], stepsPerSecond()));
    for (const [run, result] of results) {
      const save = await runHooks(run, step + 1, result);
      if (save || (step + 1) % saveEvery === 0) await run.save();
    }
  }
  progress.finish();
  for (const run of runs) if (!stopped.has(run)) await run.save();
  return { times };
}
