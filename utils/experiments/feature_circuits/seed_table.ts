/**
 * Prints the three answers over sets: the mean of the main set and those of other coder seeds, with the smallest and the largest
 * of them, and the warm set's beside it. What the warm set has more of is inherited rather than found.
 */
import { printTable } from "../../cli/mod.ts";
import { mean } from "../../base/mod.ts";
import type { FormationAnswers } from "../../results/mod.ts";
import type { SetResults } from "./run.ts";

/** Numbers that the table shows, each a mean over a set's edges or transitions; undefined where there are none. */
const MEASURES: Record<string, (answers: FormationAnswers) => number | undefined> = {
  "lag, checkpoints": ({ lags }) => lags?.checkpoints.mean,
  "edges last": ({ lags }) => lags?.last.mean,
  "at track start": ({ lags }) => lags?.at_track_start,
  "overlap": ({ transitions }) => meanOf(transitions.map(({ rewiring }) => rewiring?.overlap.mean)),
  "unchanged": ({ transitions }) => meanOf(transitions.map(({ rewiring }) => rewiring?.ceiling)),
  "another": ({ transitions }) => meanOf(transitions.map(({ rewiring }) => rewiring?.floor)),
  "refinement": ({ transitions }) =>
    meanOf(transitions.map(({ growth }) => growth?.refinement?.mean)),
  "chance": ({ transitions }) =>
    meanOf(transitions.map(({ growth }) => growth?.null_refinement?.mean)),
};

function meanOf(values: readonly (number | undefined)[]): number | undefined {
  const there = values.filter((value) => value !== undefined);
  return there.length === 0 ? undefined : mean(there);
}

/** Returns the mean of some values, with the range if there are several. */
export function withRange(values: readonly (number | undefined)[]): string | undefined {
  const there = values.filter((value) => value !== undefined);
  const at = meanOf(there);
  if (at === undefined) return undefined;
  if (there.length === 1) return at.toFixed(2);
  return `${at.toFixed(2)} [${Math.min(...there).toFixed(2)}, ${Math.max(...there).toFixed(2)}]`;
}

/** Prints the table; see the header. */
export function printSeeds(sets: readonly SetResults[]): void {
  const tasks = [...sets[0].circuits.keys()].toSorted();
  const cold = sets.filter(({ set }) => set.name !== "warm");
  const rows = tasks.flatMap((task) => [
    { task, name: cold.length > 1 ? `main, ${cold.length - 1} seeds` : "main", of: cold },
    ...sets.filter(({ set }) => set.name === "warm")
      .map((warm) => ({ task, name: "warm", of: [warm] })),
  ]);
  console.log("\nOver coder seeds: mean [smallest, largest]; warm beside it");
  printTable<typeof rows[number]>([
    { header: "task", value: ({ task }) => task },
    { header: "sets", value: ({ name }) => name },
    ...Object.entries(MEASURES).map(([header, measure]) => ({
      header,
      value: ({ task, of }: typeof rows[number]) =>
        withRange(of.map(({ answers }) => {
          const found = answers.get(task);
          return found && measure(found);
        })),
    })),
  ], rows);
}
