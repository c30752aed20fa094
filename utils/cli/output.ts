/**
 * What a run says, and to whom:
 *
 * - as a rule, lines and tables on standard output, progress and warnings on standard error;
 * - `--quiet`: warnings and errors only;
 * - `--json`: one JSON object on standard output at the end, and everything else on standard error.
 *
 *     { "script", "version", "settings", "exit_code", "errors", "tables": [[{ column: value }]], "files" }
 */
import { isThere, onFileWritten } from "../base/mod.ts";

/** How a run speaks. */
export interface OutputOptions {
  /** print nothing but warnings and errors */
  quiet: boolean;
  /** print one JSON object at the end */
  json: boolean;
  /** say what would be done, and do nothing */
  dryRun: boolean;
}

/** A row of a table as `--json` shows it. */
export type OutputRow = Record<string, string | number | boolean | null>;

let options: OutputOptions = { quiet: false, json: false, dryRun: false };
const tables: OutputRow[][] = [];
const files = new Set<string>();

/** Starts the output of a script. Lines of `console.log` go where the options say. */
export function startOutput(chosen: OutputOptions): void {
  options = chosen;
  if (chosen.quiet) console.log = () => {};
  else if (chosen.json) console.log = (...values: unknown[]) => console.error(...values);
  if (chosen.json) onFileWritten((path) => void files.add(path));
}

/** Whether the run only says what it would do. */
export const isDryRun = (): boolean => options.dryRun;

/** Whether the run shows no progress. */
export const isQuiet = (): boolean => options.quiet;

/** Keeps a table for `--json`. */
export function recordTable(rows: OutputRow[]): void {
  if (options.json) tables.push(rows);
}

/** Prints the JSON object of a run that has ended, if it was asked for. */
export function finishOutput(about: {
  script: string;
  version: string;
  settings: unknown;
  exit_code: number;
  errors: readonly string[];
}): void {
  if (!options.json) return;
  const text = JSON.stringify({ ...about, tables, files: [...files].filter(isThere) }, null, 2) +
    "\n";
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}
