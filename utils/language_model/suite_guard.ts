/**
 * Keeps a training run from mixing its checkpoints with those of another. The checkpoints in the output folder belong to a
 * run when `TRAINING.json` there has the same settings. Before the end of a run they do when the state in the work folder
 * has the same settings (`readState` compares those) and no checkpoint made on the way to it is missing.
 */
import { join } from "@std/path";
import { formatJson, isThere, readJson, UserError } from "../base/mod.ts";
import { listLocalSteps } from "../model/mod.ts";

/** Returns the path of the record of how a suite was made. */
export const recordPath = (dir: string): string => join(dir, "TRAINING.json");

/**
 * Checks that a run may write its checkpoints to a folder.
 * @param settings what determines the run
 * @param grid steps at which the run keeps a checkpoint
 * @param reached step of the saved state; undefined for a new run
 * @throws UserError naming the folder, what is there and what to do.
 */
export async function checkSuite(
  dir: string,
  settings: Record<string, unknown>,
  grid: readonly number[],
  reached?: number,
): Promise<void> {
  const hint =
    "choose another output_dir, or start from scratch with --overwrite, which drops what is there";
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
        `${dir} contains a suite of other settings: ${differences.join(", ")}; ${hint}`,
      );
    }
  }
  const found = listLocalSteps(dir);
  const list = (steps: readonly number[]) => steps.map((step) => `step${step}`).join(", ");
  if (reached === undefined) {
    if (found.length === 0) return;
    throw new UserError(
      record
        ? `${dir} already contains this suite, but work_dir has no saved state to resume from; ${hint}`
        : `${dir} contains checkpoints (${
          list(found)
        }), but work_dir has no state of their training; ${hint}`,
    );
  }
  const missing = grid.filter((step) => step < reached && !found.includes(step));
  if (missing.length > 0) {
    throw new UserError(
      `the state in work_dir has reached step ${reached}, but ${dir} lacks ${list(missing)}; ` +
        `choose the output_dir of that run, or start from scratch with --overwrite`,
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
