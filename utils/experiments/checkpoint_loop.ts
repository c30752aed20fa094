/**
 * The loop over checkpoints that every experiment over training runs.
 *
 * 1. Skip checkpoints that have results, so that a stopped run continues.
 * 2. Fetch and read the next checkpoint while one computes.
 * 3. Report a checkpoint that cannot be read or computed and go on; the exit code is then 1. An error that would recur at
 *    every checkpoint ends the loop at once: a full disk, a user's mistake, a bug.
 */
import { UserError, WriteError } from "../base/mod.ts";
import { formatDuration, Progress, type ProgressTarget } from "../cli/mod.ts";

/** The steps of an experiment, and what to do at each. */
export interface CheckpointLoop<Loaded> {
  /** training steps, in the order to visit them */
  steps: readonly number[];
  /** Whether a step has its results already. */
  isDone(step: number): boolean | Promise<boolean>;
  /** Fetches and opens a checkpoint, while the one before it computes. */
  prefetch(step: number): Promise<Loaded>;
  /**
   * Computes and writes a step's results; returns the text of its line, e.g. "logit diff 3.21, 84 edges".
   * `progress.begin("attribution", 30)` and its `update` show stages.
   */
  run(step: number, loaded: Loaded, progress: Progress): Promise<string>;
  /** Releases a checkpoint, computed or not. */
  release?(loaded: Loaded): void | Promise<void>;
  /** Called for each checkpoint that failed. */
  onError?(step: number, error: Error): void | Promise<void>;
  /** false: read each checkpoint only after the one before is released (half the memory) */
  ahead?: boolean;
  /** default: the terminal */
  target?: ProgressTarget;
}

/** What became of each step. */
export interface LoopResult {
  /** computed by this run */
  done: number[];
  /** had results before this run */
  skipped: number[];
  /** could not be read or computed */
  failed: { step: number; error: string }[];
  /** 0, or 1 when a checkpoint failed */
  exitCode: 0 | 1;
}

/**
 * Runs an experiment over its checkpoints; prints one line per checkpoint and shows the time left.
 * @throws WriteError, UserError, TypeError, ReferenceError and RangeError of `run`, which would recur at every step.
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

/** Reads a checkpoint; never rejects, so that a failure waits until the checkpoint before it has computed. */
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
