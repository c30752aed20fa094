/**
 * The runs of a job: each config with each choice of the values that vary.
 *
 *     configs a.json b.json, --vary task=ioi,sva    a.json --task ioi, a.json --task sva, b.json --task ioi, b.json --task sva
 */
import { UserError } from "../base/mod.ts";

/** Reads `key=value,value` as a flag and its values. @throws UserError (exit code 2) for other text. */
export function variation(text: string): { flag: string; values: string[] } {
  const [, key, list] = /^([A-Za-z][\w-]*)=(.+)$/.exec(text) ?? [];
  const values = list?.split(",").map((value) => value.trim()) ?? [];
  if (key === undefined || values.includes("")) {
    throw new UserError(`--vary: expected key=value,value such as seed=1,2,3; found "${text}"`, 2);
  }
  return { flag: `--${key.replaceAll("_", "-")}`, values };
}

/** Returns the arguments of each run: config, what varies, and the flags of all runs. */
export function runsOf(
  configs: readonly string[],
  varied: readonly string[],
  flags: readonly string[],
): string[][] {
  const starts = configs.length > 0 ? configs.map((config) => [config]) : [[]];
  return varied.map(variation).reduce<string[][]>(
    (runs, { flag, values }) => runs.flatMap((run) => values.map((value) => [...run, flag, value])),
    starts,
  ).map((run) => [...run, ...flags]);
}
