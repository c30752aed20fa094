/**
 * The contract of a kind of result file: its format, its schema, its path, and the script that makes it. Every result
 * file is written and read through its kind (`kinds/`), so that a layout is written down once.
 */
import { isFile, readJson, UserError } from "../base/mod.ts";
import { checkGrids, checkValue, entriesOf, type ResultSchema } from "./check.ts";
import { type OpenOptions, openResultFile, type ResultFile } from "./result_file.ts";
import type { ResultPaths } from "./result_path.ts";

/** What `defineResult` is given. `Place` is what a path needs in addition to the model, e.g. the task. */
export interface ResultSpec<Header, Entry, Place extends unknown[]>
  extends ResultSchema<Header, Entry> {
  /** the script that makes the file, for "run … first" */
  madeBy: string;
  /** Returns the path of a model's file. */
  path(paths: ResultPaths, ...place: Place): string;
}

/** A result file as read. */
export interface StoredResult<Header = unknown, Entry = unknown> {
  /** where it was read */
  path: string;
  /** name and version of its layout */
  format: string;
  /** the whole file; the schema of the header says what is known about it */
  header: Header;
  /** steps that have an entry, ascending */
  steps: number[];
  /** by step, ascending */
  entries: ReadonlyMap<number, Entry>;
}

/** A kind of result file. Made by `defineResult`. */
export class ResultKind<Header, Entry, Place extends unknown[] = unknown[]> {
  /** Called by `defineResult`. */
  constructor(private readonly spec: ResultSpec<Header, Entry, Place>) {}

  /** Name and version of the layout, e.g. "circuits-over-time/cspa/1". */
  get format(): string {
    return this.spec.format;
  }

  /** The script that makes the file. */
  get madeBy(): string {
    return this.spec.madeBy;
  }

  /** Returns the path of a model's file. */
  path(paths: ResultPaths, ...place: Place): string {
    return this.spec.path(paths, ...place);
  }

  /** Opens a file to add entries; see `openResultFile` for its errors. */
  open(options: OpenOptions<Header, Entry>): Promise<ResultFile<Entry>> {
    return openResultFile(this.spec, options);
  }

  /**
   * Reads a file.
   * @throws UserError if there is no file (naming the script that makes it), or if it is not valid JSON, has another
   *   format, or does not fit the schema (naming the key).
   */
  async read(path: string): Promise<StoredResult<Header, Entry>> {
    const content = await readJson(path).catch((cause) => {
      throw new UserError((cause as Error).message, 1, { cause });
    });
    if (content === undefined) {
      throw new UserError(`there is no ${path}; run ${this.madeBy} first`);
    }
    const advice = `move it away, or make it again with ${this.madeBy}`;
    const entries = entriesOf(path, content, this.spec, advice);
    checkValue(path, content, this.spec.header, advice);
    const header = content as Header;
    if (this.spec.grids) {
      const { shape } = content as { shape: { nLayers: number; nHeads: number } };
      checkGrids(path, entries, this.spec.entry, shape, advice);
    }
    return { path, format: this.format, header, steps: [...entries.keys()], entries };
  }

  /** Reads a model's file; undefined if there is none. @throws UserError as `read` does. */
  async readIfThere(
    paths: ResultPaths,
    ...place: Place
  ): Promise<StoredResult<Header, Entry> | undefined> {
    const path = this.path(paths, ...place);
    return isFile(path) ? await this.read(path) : undefined;
  }
}

/** The entry of a kind. */
export type EntryOf<Kind extends { read(path: string): Promise<StoredResult> }> = Awaited<
  ReturnType<Kind["read"]>
> extends StoredResult<infer _Header, infer Entry> ? Entry : never;

/** Defines a kind of result file. */
export function defineResult<Header, Entry, Place extends unknown[]>(
  spec: ResultSpec<Header, Entry, Place>,
): ResultKind<Header, Entry, Place> {
  return new ResultKind(spec);
}
