/**
 * Finds the training steps of a model in a local folder: one sub-folder per checkpoint, `step{n}` like the branches of the
 * Pythia repositories on the Hub, `checkpoint-{n}` as Hugging Face's Trainer names them, or `step{n}-tokens{m}B` as OLMo's
 * branches are named (OLMo 2: `stage1-step{n}-tokens{m}B`).
 */
import { basename, join } from "@std/path";
import { isFile, isFolder } from "../../base/mod.ts";

/** Lists the steps of the checkpoints in `dir`, ascending; empty if `dir` does not exist or has none. */
export function listLocalSteps(dir: string): number[] {
  const names = isFolder(dir) ? [...Deno.readDirSync(dir)].map(({ name }) => name) : [];
  const trainer = names.map((name) => name.replace(/^checkpoint-(?=\d+$)/, "step"));
  return steps([...names, ...trainer]).filter((step) => stepFolder(dir, step));
}

/** Returns the folder of a step in `dir`: `step{n}`, `checkpoint-{n}` or OLMo's name; undefined if there is none. */
function stepFolder(dir: string, step: number): string | undefined {
  const exact = [`step${step}`, `checkpoint-${step}`].map((name) => join(dir, name)).find(isFolder);
  if (exact !== undefined || !isFolder(dir)) return exact;
  const name = revisionOfStep(step, [...Deno.readDirSync(dir)].map(({ name }) => name));
  return name !== undefined && isFolder(join(dir, name)) ? join(dir, name) : undefined;
}

const STEP = /^(?:stage1-)?step(0|[1-9]\d*)(?:-tokens\d+B)?$/;

/** Returns the numbers n of all names `step{n}` and `step{n}-tokens{m}B`, ascending, each once. */
export function steps(names: Iterable<string>): number[] {
  const found = [...names].flatMap((name) => STEP.exec(name)?.[1] ?? []).map(Number);
  return [...new Set(found)].sort((a, b) => a - b);
}

/** Returns the name of a step among the names of branches or folders; the shortest if several mean it. */
export function revisionOfStep(step: number, names: readonly string[]): string | undefined {
  const own = names.filter((name) => STEP.exec(name)?.[1] === String(step));
  return own.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))[0];
}

/** Returns the `count` steps nearest to `step`, ascending. */
export function nearSteps(step: number, available: readonly number[], count = 5): number[] {
  return [...available].sort((a, b) => Math.abs(a - step) - Math.abs(b - step) || a - b)
    .slice(0, count).sort((a, b) => a - b);
}

/**
 * Returns the checkpoint folder of a local model at a revision.
 *
 * 1. A revision other than `main` is the sub-folder of that name; `step{n}` may also be `checkpoint-{n}`.
 * 2. `main` is the folder itself if it has a config.json, else its last step.
 * @throws Error naming the folder and its steps if it does not have the revision or any checkpoint
 */
export function localCheckpoint(dir: string, revision = "main"): string {
  const available = listLocalSteps(dir);
  if (revision === "main") {
    if (isFile(join(dir, "config.json"))) return dir;
    if (available.length > 0) return stepFolder(dir, available.at(-1)!)!;
    throw new Error(
      `${dir}: no checkpoint; expected config.json with weights, or sub-folders step0, step1, … or checkpoint-0, …`,
    );
  }
  const [step] = steps([revision]);
  const folder = step === undefined ? undefined : stepFolder(dir, step);
  if (folder !== undefined) return folder;
  const path = join(dir, revision);
  if (revision === basename(revision) && !revision.startsWith(".") && isFolder(path)) return path;
  throw new Error(`${dir}: no revision ${revision}; ${describeSteps(revision, available)}`);
}

/** Describes the available steps in words: all of them, or the ones nearest to `revision` if there are many. */
export function describeSteps(revision: string, available: readonly number[]): string {
  if (available.length === 0) return "there are no step checkpoints";
  const names = (list: readonly number[]) => list.map((step) => `step${step}`).join(", ");
  if (available.length <= 20) return `the available steps are ${names(available)}`;
  const [step] = steps([revision]);
  const range = `${available.length} steps from step${available[0]} to step${available.at(-1)}`;
  return step === undefined
    ? `there are ${range}`
    : `there are ${range}, the nearest ${names(nearSteps(step, available))}`;
}
