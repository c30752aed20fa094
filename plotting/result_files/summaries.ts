/** Finds and reads `summary.json` files for the plots. */
import { dirname } from "@std/path";
import { filesBelow } from "../../utils/base/files.ts";
import { UserError } from "../../utils/base/user_error.ts";
import { runFirst } from "../../utils/results/find.ts";
import {
  type CircuitSummary,
  circuitSummary,
  readCircuitSummary,
} from "../../utils/results/kinds/circuit_summary.ts";

/** A summary and where it is. */
export interface FoundSummary {
  /** folder that holds the file */
  folder: string;
  summary: CircuitSummary;
}

/**
 * Reads the summaries at `paths`; searches folders for them. Sorted by task, then by path.
 * @throws UserError if a path does not exist, holds no summary, or a file is not one.
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

/** Whether a file of this name is a summary. */
export const isSummary = (name: string): boolean => name === "summary.json";
