/** Writes the record of how a suite was made: `TRAINING.json` beside its checkpoints. */
import { readJson, writeJsonAtomic } from "../base/mod.ts";
import type { LogLine } from "../training/mod.ts";
import { recordPath } from "./suite_guard.ts";

/** Steps whose mean stands for the training loss at a checkpoint. */
const AVERAGED_STEPS = 16;

/** What an earlier record knows better than a process that made no steps. */
interface Earlier {
  made_by: string;
  commit: string;
}

/** Content of a record, besides the commit. */
export interface SuiteRecord {
  /** the command that trained the suite */
  made_by: string;
  /** settings that determine the suite */
  config: Record<string, unknown>;
  /** number of parameters */
  parameters: number;
  /** total tokens of the training */
  tokens: number;
  /** training and validation loss by step */
  losses: Record<string, { training?: number; validation: number }>;
  /** means of the tasks' metrics by step */
  abilities: Record<string, Record<string, Record<string, number>>>;
}

/**
 * Writes the record.
 * @param trained whether this process made steps; otherwise command and commit of an earlier record are kept
 */
export async function writeRecord(
  dir: string,
  record: SuiteRecord,
  trained: boolean,
): Promise<void> {
  const path = recordPath(dir);
  const earlier = trained ? undefined : await readJson(path) as Partial<Earlier> | undefined;
  const { made_by, ...rest } = record;
  await writeJsonAtomic(path, {
    format: "circuits-over-time/training/1",
    made_by: earlier?.made_by ?? made_by,
    commit: earlier?.commit ?? await commit(),
    ...rest,
  });
}

/** Returns training loss (mean over the last steps) and validation loss at each checkpoint of a log. */
export function checkpointLosses(lines: readonly LogLine[]): SuiteRecord["losses"] {
  return Object.fromEntries(
    lines.filter((line) => line.validation_loss !== undefined).map((line) => {
      const last = lines.filter(({ step, loss }) =>
        loss !== undefined && step > line.step - AVERAGED_STEPS && step <= line.step
      );
      const sum = last.reduce((total, { loss }) => total + loss!, 0);
      const training = last.length > 0 ? sum / last.length : undefined;
      return [line.step, { training, validation: line.validation_loss! }];
    }),
  );
}

/** Returns the commit of the working tree; null without git. */
async function commit(): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["rev-parse", "HEAD"],
      cwd: import.meta.dirname,
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}
