/**
 * Keeps a training run from mixing its checkpoints with those of another: what lies in the output folder belongs to the
 * run when `TRAINING.json` there has the same settings or, before the end of a run, when the state in the work folder
 * has (`state_file.ts` compares those) and the folder has the checkpoints that were made on the way to it.
 */
import { join } from "@std/path";
import { formatJson } from "../base/format_json.ts";
import { isThere, readJson } from "../base/files.ts";
import { UserError } from "../base/user_error.ts";
import { listLocalSteps } from "../model/hub/local_steps.ts";

/** Path of the record of how a suite was made. */
export const recordPath = (dir: string): string => join(dir, "TRAINING.json");

/**
 * Checks that a run may write its checkpoints to a folder.
 * @param settings what determines the run
 * @param grid steps at which the run keeps a checkpoint
 * @param reached step of the saved state; undefined where the run begins
 * @throws UserError naming the folder, what is there and what to do.
 */
export async function checkSuite(
  dir: string,
  settings: Record<string, unknown>,
  grid: readonly number[],
  reached?: number,
): Promise<void> {
  const mend =
    "choose another output_dir, or start anew with --overwrite, which drops what is there";
  const record = await readJson(recordPath(dir)) as
    | { config?: Record<string, unknown> }
    | undefined;
  if (record !== undefined) {
    const there = record?.config ?? {};
    const differences = [...new Set([...Object.keys(settings), ...Object.keys(there)])].sort()
      .filter((key) => text(there[key]) !== text(settings[key]))
      .map((key) => `${key} is ${text(there[key])} there and ${text(settings[key])} here`);
    if (differences.length > 0) {
      throw new UserError(
        `${dir} has a suite of other settings: ${differences.join(", ")}; ${mend}`,
      );
    }
  }
  const found = listLocalSteps(dir);
  const list = (steps: readonly number[]) => steps.map((step) => `step${step}`).join(", ");
  if (reached === undefined) {
    if (found.length === 0) return;
    throw new UserError(
      record
        ? `${dir} has this suite already, and work_dir no state of it to go on from; ${mend}`
        : `${dir} has checkpoints (${
          list(found)
        }) and work_dir no state of their training; ${mend}`,
    );
  }
  const missing = grid.filter((step) => step < reached && !found.includes(step));
  if (missing.length > 0) {
    throw new UserError(
      `the state in work_dir has reached step ${reached}, but ${dir} lacks ${list(missing)}; ` +
        `choose the output_dir of that run, or start anew with --overwrite`,
    );
  }
}

/** Removes a suite: its checkpoints and their record. */
export async function dropSuite(dir: string): Promise<void> {
  if (isThere(recordPath(dir))) await Deno.remove(recordPath(dir));
  for (const step of listLocalSteps(dir)) {
    await Deno.remove(join(dir, `step${step}`), { recursive: true });
  }
}

const text = (value: unknown): string =>
  value === undefined ? "not set" : JSON.stringify(JSON.parse(formatJson(value)));
