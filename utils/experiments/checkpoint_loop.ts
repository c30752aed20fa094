/**
 * The loop over checkpoints that every experiment over training runs.
 *
 * 1. Checkpoints with results are skipped, so a stopped run continues.
 * 2. While one checkpoint computes, the next is fetched and read.
 * 3. A checkpoint that cannot be read or computed is reported; the rest goes on, and the exit code is 1. What would
 *    fail for every checkpoint alike ends the loop at once: a full disk, a user's mistake, a defect of the program.
 */
import { WriteError } from "../base/files.ts";
import { formatDuration, Progress, type ProgressTarget } from "../cli/progress.ts";
import { UserError } from "../base/user_error.ts";

export interface CheckpointLoop<Loaded> {
  /** training steps, in the order to visit them */
  steps: readonly number[];
  /** whether a step's results are there already */
  isDone(step: number): boolean | Promise<boolean>;
  /** fetches and opens a checkpoint; runs while the checkpoint before it computes */
  prefetch(step: number): Promise<Loaded>;
  /**
   * Computes and writes a step's results; returns what its line says, e.g. "logit diff 3.21, 84 edges".
   * Stages are shown with `progress.begin("attribution", 30)` and its `update`.
   */
  run(step: number, loaded: Loaded, progress: Progress): Promise<string>;
  /** lets go of a checkpoint, whether it was computed or not */
  release?(loaded: Loaded): void | Promise<void>;
  /** told of each checkpoint that failed */
  onError?(step: number, error: Error): void | Promise<void>;
  /** false: read each checkpoint only when the one before is released (half the memory) */
  ahead?: boolean;
  target?: ProgressTarget;
}

export interface LoopResult {
  done: number[];
  /** had results before this run */
  skipped: number[];
  failed: { step: number; error: string }[];
  /** 0, or 1 when a checkpoint failed */
  exitCode: 0 | 1;
}

/**
 * Runs an experiment over its checkpoints, with one line per checkpoint and the time left.
 * @throws WriteError, UserError, TypeError, ReferenceError and RangeError of `run`, which would recur at every step
 */
export async function forEachCheckpoint<Loaded>(
  { steps, isDone, prefetch, run, release, onError, ahead = true, target }: CheckpointLoop<Loaded>,
): Promise<LoopResult> {
  const result: LoopResult = { done: [], skipped: [], failed: [], exitCode: 0 };
  const todo: number[] = [];
  for (const step of steps) (await isDone(step) ? result.skipped : todo).push(step);
  const progress = new Progress("checkpoint", steps.length, {
    from: result.skipped.length,
    target,
  });
  if (result.skipped.length > 0) {
    progress.line(`${result.skipped.length} of ${steps.length} checkpoints have results already`);
  }
  const width = Math.max(...todo.map((step) => String(step).length), 0);

  let next: Attempt<Loaded> | undefined;
  try {
    for (const [i, step] of todo.entries()) {
      const started = performance.now();
      const report = (text: string) =>
        progress.line(`step ${String(step).padStart(width)}  ${text}`);
      const current = await (next ?? attempt(prefetch, step));
      next = ahead && i + 1 < todo.length ? attempt(prefetch, todo[i + 1]) : undefined;
      let error = current.error;
      if (!error) {
        try {
          const line = await run(step, current.loaded!, progress);
          report(`${line}  (${formatDuration(performance.now() - started)})`);
          result.done.push(step);
        } catch (thrown) {
          if (isGeneral(thrown)) throw thrown;
          error = thrown as Error;
        } finally {
          await release?.(current.loaded!);
        }
      } else if (error instanceof UserError) throw error;
      if (error) {
        report(`failed: ${error.message}`);
        result.failed.push({ step, error: error.message });
        await onError?.(step, error);
      }
      progress.update(result.skipped.length + i + 1);
    }
  } finally {
    progress.finish();
    const unused = next && await next;
    if (unused && !unused.error && !result.done.includes(unused.step)) {
      await release?.(unused.loaded!);
    }
  }
  if (result.failed.length > 0) {
    result.exitCode = 1;
    const list = result.failed.map(({ step }) => step).join(", ");
    const count = result.failed.length === 1
      ? "1 checkpoint"
      : `${result.failed.length} checkpoints`;
    console.error(`${count} failed (step ${list}); the same command tries them again`);
  }
  return result;
}

type Attempt<Loaded> = Promise<{ step: number; loaded?: Loaded; error?: Error }>;

/** Reads a checkpoint; never rejects, so that a failure while another computes waits for its turn. */
async function attempt<Loaded>(
  prefetch: (step: number) => Promise<Loaded>,
  step: number,
): Attempt<Loaded> {
  try {
    return { step, loaded: await prefetch(step) };
  } catch (error) {
    return { step, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function isGeneral(error: unknown): boolean {
  return !(error instanceof Error) ||
    [WriteError, UserError, TypeError, ReferenceError, RangeError].some((kind) =>
      error instanceof kind
    );
}
