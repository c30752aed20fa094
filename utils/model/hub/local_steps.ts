/**
 * Training steps of a model in a local folder: one sub-folder `step{n}` per checkpoint, named like the branches of the
 * Pythia repositories on the Hub.
 */
import { basename, join } from "@std/path";

/** Steps of the sub-folders `step{n}` of `dir`, ascending; empty when there are none or no such folder. */
export function listLocalSteps(dir: string): number[] {
  return steps(isFolder(dir) ? [...Deno.readDirSync(dir)].map(({ name }) => name) : [])
    .filter((step) => isFolder(join(dir, `step${step}`)));
}

/** The numbers n of all names `step{n}`, ascending. */
export function steps(names: Iterable<string>): number[] {
  return [...names].flatMap((name) => /^step(0|[1-9]\d*)$/.exec(name)?.[1] ?? [])
    .map(Number).sort((a, b) => a - b);
}

/** The `count` steps nearest to `step`, ascending. */
export function nearSteps(step: number, available: readonly number[], count = 5): number[] {
  return [...available].sort((a, b) => Math.abs(a - step) - Math.abs(b - step) || a - b)
    .slice(0, count).sort((a, b) => a - b);
}

/**
 * The checkpoint folder of a local model at a revision.
 *
 * 1. A revision other than `main` is the sub-folder of that name.
 * 2. Without one (or `main`), it is the folder itself when it has a config.json, else its last step.
 * @throws Error naming the folder and listing the steps there when it has no such revision or no checkpoint at all.
 */
export function localCheckpoint(dir: string, revision = "main"): string {
  const available = listLocalSteps(dir);
  if (revision === "main") {
    if (isFile(join(dir, "config.json"))) return dir;
    if (available.length > 0) return join(dir, `step${available.at(-1)}`);
    throw new Error(
      `${dir}: no checkpoint; expected config.json with weights, or sub-folders step0, step1, …`,
    );
  }
  const path = join(dir, revision);
  if (revision === basename(revision) && !revision.startsWith(".") && isFolder(path)) return path;
  throw new Error(`${dir}: no revision ${revision}; ${describeSteps(revision, available)}`);
}

/** Says which steps there are, the ones nearest to `revision` when there are many. */
export function describeSteps(revision: string, available: readonly number[]): string {
  if (available.length === 0) return "there are no step checkpoints";
  const names = (list: readonly number[]) => list.map((step) => `step${step}`).join(", ");
  if (available.length <= 20) return `the steps there are ${names(available)}`;
  const [step] = steps([revision]);
  const range = `${available.length} steps from step${available[0]} to step${available.at(-1)}`;
  return step === undefined
    ? `there are ${range}`
    : `there are ${range}, the nearest ${names(nearSteps(step, available))}`;
}

/** Whether `path` is a folder (links followed). */
export function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory ?? false;
}

/** Whether `path` is a file (links followed). */
export function isFile(path: string): boolean {
  return statOf(path)?.isFile ?? false;
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return;
    throw error;
  }
}
