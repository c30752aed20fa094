/**
 * What a run says, and to whom:
 *
 * - as a rule, lines and tables on standard output, progress and warnings on standard error;
 * - `--quiet`: warnings and errors only;
 * - `--json`: one JSON object on standard output at the end, and everything else on standard error.
 *
 *     { "script", "version", "settings", "exit_code", "errors", "tables": [[{ column: value }]], "files" }
 *
 *   and with `--estimate` or `--dry-run` also `"estimate"` (`utils/experiments/estimate`).
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
  /** say what the run would take, and do nothing */
  estimate: boolean;
  /** say what would be done, but not what it would take: the script has no rehearsal */
  planOnly: boolean;
}

/** A run that speaks as a rule. */
export const SPEAKING: OutputOptions = {
  quiet: false,
  json: false,
  dryRun: false,
  estimate: false,
  planOnly: false,
};

/** A row of a table as `--json` shows it. */
export type OutputRow = Record<string, string | number | boolean | null>;

let options = SPEAKING;
let estimated: unknown;
const tables: OutputRow[][] = [];
const files = new Set<string>();

/** Starts the output of a script. Lines of `console.log` go where the options say. */
export function startOutput(chosen: OutputOptions): void {
  options = chosen;
  if (chosen.quiet) console.log = () => {};
  else if (chosen.json) console.log = (...values: unknown[]) => console.error(...values);
  if (chosen.json) onFileWritten((path) => void files.add(path));
}

/** Whether the run only says what it would do or take. */
export const isDryRun = (): boolean => options.dryRun || options.estimate;

/** Whether the run says only what it would take. */
export const isEstimate = (): boolean => options.estimate;

/** Whether a dry run says what would be done, but not what it would take. */
export const isPlanOnly = (): boolean => options.planOnly;

/** Keeps an estimate for `--json`. */
export function recordEstimate(estimate: unknown): void {
  estimated = estimate;
}

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
  const more = estimated === undefined ? {} : { estimate: estimated };
  const whole = { ...about, tables, files: [...files].filter(isThere), ...more };
  const text = JSON.stringify(whole, null, 2) + "\n";
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}
