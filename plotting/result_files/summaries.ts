/** Finding and reading `summary.json` files for the plots. */
import { dirname, join } from "@std/path";
import type { CircuitSummary } from "../../utils/results/circuit_summary.ts";
import { UserError } from "../../utils/base/user_error.ts";

export interface FoundSummary {
  /** folder that holds the file */
  folder: string;
  summary: CircuitSummary;
}

/** All files called `name` below `folder`, in alphabetical order. */
async function filesBelow(folder: string, name: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) found.push(...await filesBelow(path, name));
    else if (entry.name === name) found.push(path);
  }
  return found.sort();
}

/**
 * Reads the summaries named by `paths`: a file is read as it is, a folder is searched. Sorted by task, then by path.
 * Throws if a path does not exist, holds no summary, or a file is not one.
 */
export async function findSummaries(paths: readonly string[]): Promise<FoundSummary[]> {
  const files = new Set<string>();
  for (const path of paths) {
    const info = await Deno.stat(path).catch(() => {
      throw new UserError(
        `expected a summary.json or a folder of results, found nothing at ${path}`,
      );
    });
    const here = info.isDirectory ? await filesBelow(path, "summary.json") : [path];
    if (here.length === 0) {
      throw new UserError(
        `no summary.json below ${path}; run get_circuits_over_time.ts first, it writes them`,
      );
    }
    for (const file of here) files.add(file);
  }
  const found: FoundSummary[] = [];
  for (const file of files) found.push({ folder: dirname(file), summary: await readSummary(file) });
  return found.sort((a, b) => a.summary.task.localeCompare(b.summary.task));
}

/** Reads one summary; throws naming the file when it is not JSON or has another format. */
export async function readSummary(file: string): Promise<CircuitSummary> {
  let value: unknown;
  try {
    value = JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}`);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (format !== "circuits-over-time/summary/1") {
    throw new UserError(
      `${file}: expected format "circuits-over-time/summary/1", found ${JSON.stringify(format)}`,
    );
  }
  return value as CircuitSummary;
}
