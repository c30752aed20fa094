/**
 * A result file with one entry per checkpoint, written anew after each, so that a run can be stopped at any moment.
 *
 *     { "format": …, "config": { settings that determine the results }, …header, "checkpoints": { "0": …, "1": … } }
 *
 * A file may arrange its entries otherwise (`layout`), e.g. by task and metric before the step, as figures read them.
 *
 * Checkpoints stand in numerical order and the text is canonical (`formatJson`), so a run that was interrupted and
 * continued leaves the same bytes as one that was not. Results of other settings or weights are never mixed in. Several
 * processes may fill one file with different checkpoints at once: before writing, each takes over what another has added.
 */
import { dirname } from "@std/path";
import type { z } from "zod";
import { checkWritable, readJson, withFolderLocked, writeJsonAtomic } from "../base/files.ts";
import { formatJson } from "../base/format_json.ts";
import { UserError } from "../base/user_error.ts";

/** Another arrangement of the entries than `"checkpoints": { step: entry }`. */
export interface ResultLayout<Entry> {
  /** keys of the file that hold the entries */
  write(entries: ReadonlyMap<number, Entry>): Record<string, unknown>;
  /** the entries again, by step; undefined where the file has not this arrangement */
  read(file: Record<string, unknown>): Record<string, unknown> | undefined;
}

export interface ResultFileOptions<Entry> {
  path: string;
  /** name and version of the layout, e.g. "circuits-over-time/task_performance/1" */
  format: string;
  /** settings that determine the results (`resultSettings`) */
  settings: Record<string, unknown>;
  /** what else the file says about all checkpoints, e.g. the model's shape */
  header?: Record<string, unknown>;
  /** layout of an entry, checked for the entries found in an existing file */
  entry?: z.ZodType<Entry>;
  /** how entries stand in the file; by default under `checkpoints` */
  layout?: ResultLayout<Entry>;
  /** digests of the models' weights by step; kept in the file, under `weights`, for the entries made of them */
  weights?: ReadonlyMap<number, string>;
  /** start anew whatever the file holds */
  overwrite?: boolean;
}

/**
 * Opens the file of an earlier run to continue it, or starts a new one (written at the first entry).
 * @throws UserError when the file is damaged, has another layout, or was made with other settings or of other
 * weights, naming the file and what differs; the file is left as it is. With `overwrite` a damaged file is kept as `{path}.broken`.
 * WriteError when nothing can be written there.
 */
export async function openResultFile<Entry>(
  options: ResultFileOptions<Entry>,
): Promise<ResultFile<Entry>> {
  const { path, overwrite } = options;
  let found: unknown;
  try {
    found = await readJson(path);
  } catch (cause) {
    if (!(cause instanceof Error && cause.cause instanceof SyntaxError)) throw cause;
    if (!overwrite) {
      throw new UserError(
        `${cause.message}; move it away, or start anew with --overwrite (it is then kept as ${path}.broken)`,
        1,
        { cause },
      );
    }
    await Deno.rename(path, `${path}.broken`);
  }
  const { entries, weights } = found === undefined || overwrite
    ? { entries: new Map<number, Entry>(), weights: {} }
    : check(found, options);
  checkWritable(path);
  return new ResultFile(options, entries, weights);
}

/** The entries of a result file by training step. Made by `openResultFile`. */
export class ResultFile<Entry> {
  /** the file as this process last wrote it */
  #written?: string;

  constructor(
    private readonly options: ResultFileOptions<Entry>,
    private readonly entries: Map<number, Entry>,
    private weights: Record<string, string>,
  ) {}

  get path(): string {
    return this.options.path;
  }

  /** Steps with an entry, ascending. */
  steps(): number[] {
    return [...this.entries.keys()].sort((a, b) => a - b);
  }

  has(step: number): boolean {
    return this.entries.has(step);
  }

  /** @throws Error when there is no entry of that step. */
  get(step: number): Entry {
    if (!this.entries.has(step)) throw new Error(`${this.path} has no entry of step ${step}`);
    return this.entries.get(step)!;
  }

  /**
   * Adds or replaces the entry of a step and writes the file.
   * @throws Error when the entry holds NaN or infinity, naming the place; WriteError when the disk is full. The file
   * and the entries are then as before.
   */
  async set(step: number, entry: Entry): Promise<void> {
    // through text, so that the entry equals what another run reads back
    const plain = JSON.parse(formatJsonAt(`${this.path}: step ${step}`, entry));
    const { format, settings, header, layout, overwrite } = this.options;
    const writing = withFolderLocked(dirname(this.path), () => {
      if (!overwrite || this.#written !== undefined) this.refresh();
      const next = new Map(this.entries).set(step, plain);
      const sorted = new Map([...next].sort(([a], [b]) => a - b));
      const body = layout ? layout.write(sorted) : { checkpoints: Object.fromEntries(sorted) };
      const now = this.options.weights?.get(step);
      if (now !== undefined) this.weights = { ...this.weights, [step]: now };
      const done = writeJsonAtomic(this.path, {
        ...{ format, config: settings, ...header, ...body },
        ...this.weightKeys(),
      });
      this.#written = stamp(this.path);
      return done;
    });
    await writing;
    this.entries.set(step, plain);
  }

  /** What the file says of weights: the digests of the checkpoints that entries were made of, where they are known. */
  weightKeys(): { weights?: Record<string, string> } {
    return Object.keys(this.weights).length > 0 ? { weights: this.weights } : {};
  }

  /**
   * Takes over the entries that another process has added to the file; own ones stay.
   * @throws UserError when the file has meanwhile been damaged or made with other settings.
   */
  refresh(): void {
    const found = stamp(this.path);
    if (found === undefined || found === this.#written) return;
    let file: unknown;
    try {
      file = JSON.parse(Deno.readTextFileSync(this.path));
    } catch (cause) {
      throw new UserError(`${this.path} is not valid JSON: ${(cause as Error).message}`, 1, {
        cause,
      });
    }
    const { entries, weights } = check(file, this.options);
    for (const [step, entry] of entries) {
      if (!this.entries.has(step)) this.entries.set(step, entry);
    }
    this.weights = { ...weights, ...this.weights };
  }
}

/** What tells one writing of a file from another; undefined where there is none. */
function stamp(path: string): string | undefined {
  try {
    const { ino, mtime, size } = Deno.statSync(path);
    return [ino, mtime?.getTime(), size].join();
  } catch {
    return undefined;
  }
}

function check<Entry>(
  found: unknown,
  options: ResultFileOptions<Entry>,
): { entries: Map<number, Entry>; weights: Record<string, string> } {
  const { path, format, settings, entry } = options;
  const mend = "start anew with --overwrite, or choose another results_dir";
  const file = (found ?? {}) as {
    format?: unknown;
    config?: Record<string, unknown>;
    checkpoints?: Record<string, unknown>;
    weights?: Record<string, string>;
  };
  const checkpoints = options.layout ? options.layout.read({ ...file }) : file.checkpoints;
  if (file.format !== format || !file.config || !checkpoints) {
    throw new UserError(
      `${path}: expected a result file of format ${format}, found ${
        file.format === format
          ? "one without config or checkpoints"
          : JSON.stringify(file.format) ?? "none"
      }; ${mend}`,
    );
  }
  const differences = [...new Set([...Object.keys(settings), ...Object.keys(file.config)])]
    .map((key) => ({ key, there: text(file.config![key]), here: text(settings[key]) }))
    .filter(({ there, here }) => there !== here)
    .map(({ key, there, here }) => `${key} is ${there} there and ${here} here`);
  if (differences.length > 0) {
    throw new UserError(`${path} was made with other settings: ${differences.join(", ")}; ${mend}`);
  }
  const entries = new Map<number, Entry>();
  for (const [key, value] of Object.entries(checkpoints)) {
    if (!/^\d+$/.test(key)) {
      throw new UserError(`${path}: expected training steps as keys, found ${JSON.stringify(key)}`);
    }
    const issue = entry?.safeParse(value).error?.issues[0];
    if (issue) {
      throw new UserError(
        `${path}: checkpoints.${[key, ...issue.path].join(".")}: ${issue.message}; ${mend}`,
      );
    }
    entries.set(Number(key), value as Entry);
  }
  const { weights = {} } = file;
  const changed = [...options.weights ?? []]
    .filter(([step, now]) => entries.has(step) && (weights[step] ?? now) !== now);
  if (changed.length > 0) {
    const steps = changed.map(([step]) => step).join(", ");
    throw new UserError(
      `${path} was made of other weights: the checkpoints have since been changed (step ${steps}); ${mend}`,
    );
  }
  return { entries, weights };
}

function text(value: unknown): string {
  return value === undefined ? "not set" : JSON.stringify(JSON.parse(formatJson(value)));
}

function formatJsonAt(place: string, value: unknown): string {
  try {
    return formatJson(value);
  } catch (cause) {
    throw new Error(`${place}: ${(cause as Error).message}`, { cause });
  }
}
