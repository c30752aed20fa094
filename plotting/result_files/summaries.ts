/** Finds and reads `summary.json` files for the plots. */
import { dirname } from "@std/path";
import { filesBelow, UserError } from "../../utils/base/mod.ts";
import {
  type CircuitSummary,
  circuitSummary,
  readCircuitSummary,
  runFirst,
} from "../../utils/results/mod.ts";

/** A summary and its place. */
export interface FoundSummary {
  /** folder that holds the file */
  folder: string;
  summary: CircuitSummary;
}

/**
 * Reads the summaries at `paths`; searches folders for them. Sorts them by task, then by path.
 * @throws UserError if a path does not exist or does not hold a summary, or if a file is not a summary.
 */
export async function findSummaries(paths: readonly string[]): Promise<FoundSummary[]> {
  const files = new Set<string>();
  for (const path of paths) {
    const info = await Deno.stat(path).catch(() => {
      throw new UserError(
        `expected a summary.json or a folder of results, found nothing at ${path}`,
      );
    });
    const here = info.isDirectory ? await filesBelow(path, isSummary) : [path];
    if (here.length === 0) {
      throw new UserError(
        `no summary.json below ${path}; ${runFirst([circuitSummary])}`,
      );
    }
    for (const file of here) files.add(file);
  }
  const found: FoundSummary[] = [];
  for (const file of files) {
    found.push({ folder: dirname(file), summary: await readCircuitSummary(file) });
  }
  return found.sort((a, b) => a.summary.task.localeCompare(b.summary.task));
}

/** Returns whether a file of this name is a summary. */
export const isSummary = (name: string): boolean => name === "summary.json";
