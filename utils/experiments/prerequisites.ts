/** What an experiment asks of its results before it computes: circuits of another script, and the device of older entries. */
import { isFile, UserError } from "../base/mod.ts";
import type { Runtime } from "../model/mod.ts";
import { circuitSummary, type ResultPaths } from "../results/mod.ts";

/** Says where numbers are computed: what changes their last bits and nothing else. */
export function computedOn(
  { device = "cpu", threads = navigator.hardwareConcurrency }: Runtime["sessionOptions"],
): string {
  return device === "cpu" ? `cpu, ${threads} ${threads === 1 ? "thread" : "threads"}` : device;
}

/**
 * Checks that at least one step has a circuit of the task; a step without one fails on its own.
 * @throws UserError naming the folder if there is none.
 */
export function requireCircuits(paths: ResultPaths, task: string, steps: readonly number[]): void {
  if (steps.some((step) => isFile(paths.storedGraph(task, step)))) return;
  throw new UserError(
    `no circuit of task ${task} such as ${paths.graph(task, steps.at(-1)!)}; ` +
      `run ${circuitSummary.madeBy} for this model and task first`,
  );
}
