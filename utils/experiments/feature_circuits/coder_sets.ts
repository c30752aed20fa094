/**
 * Sets of coders over checkpoints: `main` (key `coders`), `warm`, `seed1`, `seed2`, … A set has coders at some steps of the
 * model; circuits are found at those that the main set has.
 */
import { basename, dirname, join } from "@std/path";
import { isFolder, UserError } from "../../base/mod.ts";
import { type Coder, openCoders } from "../../transcoders/mod.ts";
import type { ModelSettings } from "../model_keys.ts";
import type { FeatureCircuitConfig } from "./settings.ts";

const STEP = "{step}";

/** A set of coders. */
export interface CoderSet {
  /** name in paths and tables */
  name: string;
  /** folder; `{step}` stands for the checkpoint */
  pattern: string;
}

/** Returns the sets of the settings, the main one first. */
export function coderSets(config: FeatureCircuitConfig): CoderSet[] {
  const of = (name: string, pattern: string) => ({
    name,
    pattern: pattern.replaceAll("{model}", basename(config.model)),
  });
  return [
    of("main", config.coders),
    ...(config.warm_coders === null ? [] : [of("warm", config.warm_coders)]),
    ...config.seed_coders.map((pattern, i) => of(`seed${i + 1}`, pattern)),
  ];
}

/**
 * Returns the steps that a set has coders at, ascending.
 * @throws UserError if the pattern does not name a folder per step, or there are none.
 */
export function stepsOf({ name, pattern }: CoderSet): number[] {
  const last = basename(pattern), folder = dirname(pattern);
  if (last.split(STEP).length !== 2) {
    throw new UserError(
      `coders: the set ${name} is ${pattern}; expected a folder per checkpoint, with ${STEP} in its last part`,
      2,
    );
  }
  const [before, after] = last.split(STEP);
  const names = isFolder(folder) ? Array.from(Deno.readDirSync(folder), (entry) => entry.name) : [];
  const steps = names.filter((n) => n.startsWith(before) && n.endsWith(after))
    .map((n) => n.slice(before.length, n.length - after.length))
    .filter((n) => /^\d+$/.test(n)).map(Number).sort((a, b) => a - b);
  if (steps.length > 0) return steps;
  throw new UserError(
    `coders: found none of the set ${name} at ${
      join(folder, last)
    }; train them with train_transcoder.ts, or name their ` +
      "folder with --coders",
    2,
  );
}

/** Opens the coders of a step. */
export async function openSet({ pattern }: CoderSet, step: number): Promise<Coder[]> {
  return (await openCoders(pattern.replaceAll(STEP, String(step)))).coders;
}

/** Returns model settings that visit the steps at which the main set has coders, unless they name steps themselves. */
export function atCoderSteps(config: FeatureCircuitConfig): FeatureCircuitConfig & ModelSettings {
  const { ckpt_schedule, custom_schedule } = config;
  if (ckpt_schedule !== "suite" || custom_schedule.length > 0) return config;
  return { ...config, custom_schedule: stepsOf(coderSets(config)[0]) };
}
