/** Means of prompts with their bootstrap intervals, in few digits. */
import { bootstrapMeanIntervals, mean, seededIndices } from "../../utils/base/mod.ts";
import type { Estimate } from "./page_data.ts";

const RESAMPLES = 200;
const SEED = 42;

/** Returns a number with three significant digits. */
export const short = (x: number): number => Number(x.toPrecision(3));

/** Returns the mean and the 95 % interval over prompts of each list; all lists have the same length. */
export function estimates(lists: readonly (readonly number[])[]): Estimate[] {
  if (lists.length === 0) return [];
  const intervals = bootstrapMeanIntervals(lists, {
    resamples: RESAMPLES,
    draw: seededIndices(SEED),
  });
  return lists.map((list, i) => [
    short(mean(list)),
    short(intervals[i][0]),
    short(intervals[i][1]),
  ]);
}
