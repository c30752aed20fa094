/**
 * A result file while a run fills it: one entry per checkpoint. The file is rewritten after each entry, so a run can be
 * stopped at any moment.
 *
 *     { "format": …, "config": { settings that determine the results }, …header, "checkpoints": { "0": …, "1": … } }
 *
 * 1. Checkpoints are in numerical order and the text is canonical (`formatJson`): an interrupted and resumed run leaves
 *    the same bytes as an uninterrupted one.
 * 2. A file never mixes results of different settings or weights.
 * 3. Several processes may fill one file with different checkpoints at once: each takes over the entries of the others
 *    before it writes. Shards of a run write files of their own (`shard_files.ts`), which the next run without a shard
 *    takes over.
 */
import { dirname } from "@std/path";
import { z } from "zod";
import {
  checkWritable,
  fileStamp,
  formatJson,
  isObject,
  isRehearsal,
  parseJson,
  readJson,
  settingDifferences,
  UserError,
  withFolderLocked,
  writeFileAtomicSync,
  writeJsonAtomic,
} from "../base/mod.ts";
import { removeShardFiles, shardFiles, shardPath } from "./shard_files.ts";
import { checkValue, entriesOf, layoutOf, type ResultSchema } from "./check.ts";

/** What a run says about its result file. */
export interface OpenOptions<Header, Entry> {
  /** path of the file */
  path: string;
  /** settings that determine the results (`resultSettings`) */
  settings: Record<string, unknown>;
  /** what the file says about all checkpoints */
  header: Header;
  /** digests of the models' weights by step; the file keeps those of its entries under `weights` */
  weights?: ReadonlyMap<number, string>;
  /** only to say what a run would do: leave the disk as it is */
  dryRun?: boolean;
  /** device and threads, which change last bits; the file keeps those of its entries under `computed_on` */
  computedOn?: string;
  /** start from scratch, whatever the file holds */
  overwrite?: boolean;
  /** the run is one of several that share the checkpoints: each entry goes to a file of its own */
  shard?: boolean;
  /** Returns keys that follow from the entries, e.g. changes between checkpoints; called at every write. */
  derive?(entries: readonly Entry[]): Record<string, unknown>;
}

/** What a file keeps of each entry's origin, by step. */
type Origins = Record<"weights" | "computed_on", Record<string, string>>;

/** Reports that a file holds results of other settings or weights. */
export class OtherResults extends UserError {}

const SETTINGS = z.object({ config: z.record(z.string(), z.unknown()) });
const ADVICE = "start from scratch with --overwrite, or choose another results_dir";

/**
 * Opens the file of an earlier run to continue it, or starts a new one, which the first entry writes.
 * @throws UserError if the file is damaged, has another format, or comes from other settings or weights; names the file
 *   and what differs, and leaves the file alone. With `overwrite` a damaged file is kept as `{path}.broken`.
 * @throws WriteError if the path cannot be written.
 */
export async function openResultFile<Header, Entry>(
  schema: ResultSchema<Header, Entry>,
  options: OpenOptions<Header, Entry>,
): Promise<ResultFile<Entry>> {
  const { path, overwrite } = options;
  let found: unknown;
  try {
    found = await readJson(path);
  } catch (cause) {
    if (!(cause instanceof Error && cause.cause instanceof SyntaxError)) throw cause;
    if (!overwrite) {
      throw new UserError(
        `${cause.message}; move it away, or start from scratch with --overwrite ` +
          `(which keeps it as ${path}.broken)`,
        1,
        { cause },
      );
    }
    if (!options.dryRun) await Deno.rename(path, `${path}.broken`);
  }
  const { entries, origins } = found === undefined || overwrite
    ? { entries: new Map<number, Entry>(), origins: { weights: {}, computed_on: {} } }
    : sameRun(found, schema, options);
  if (!options.dryRun) checkWritable(path);
  const shards = shardFiles(path);
  if (overwrite && !options.dryRun) removeShardFiles(shards.splice(0));
  else if (overwrite) shards.splice(0);
  for (const shard of shards) {
    const { entries: more, origins: own } = sameRun(await readShard(shard.path), schema, {
      ...options,
      path: shard.path,
    });
    for (const [step, entry] of more) if (!entries.has(step)) entries.set(step, entry);
    Object.assign(origins, merged(own, origins));
  }
  const file = new ResultFile(schema, options, entries, origins);
  if (!options.shard && !options.dryRun && shards.length > 0) {
    await file.write();
    removeShardFiles(shards);
  }
  return file;
}

/** Reads a file that a shard wrote. @throws UserError naming it if it is damaged. */
async function readShard(path: string): Promise<unknown> {
  return await readJson(path).catch((cause) => {
    throw new UserError(`${cause.message}; remove it, and its checkpoint is measured again`, 1, {
      cause,
    });
  });
}

/** The entries of a result file by training step. Made by `openResultFile`. */
export class ResultFile<Entry> {
  /** stamp of the file as this process last wrote it, or of one to replace */
  #written?: string;

  /** Called by `openResultFile`. */
  constructor(
    private readonly schema: ResultSchema<unknown, Entry>,
    private readonly options: OpenOptions<unknown, Entry>,
    private readonly entries: Map<number, Entry>,
    private origins: Origins,
  ) {
    // what another process writes from now on is not replaced
    if (options.overwrite) this.#written = fileStamp(options.path);
  }

  /** The path of the file. */
  get path(): string {
    return this.options.path;
  }

  /** Returns the steps that have an entry, ascending. */
  steps(): number[] {
    return [...this.entries.keys()].sort((a, b) => a - b);
  }

  /** Whether a step has an entry. */
  has(step: number): boolean {
    return this.entries.has(step);
  }

  /** Returns the entry of a step. @throws Error if it has none. */
  get(step: number): Entry {
    if (!this.entries.has(step)) throw new Error(`${this.path} has no entry of step ${step}`);
    return this.entries.get(step)!;
  }

  /**
   * Adds or replaces the entry of a step and writes the file. After an error the file and the entries are unchanged.
   * @throws Error if the entry holds NaN or infinity, naming the key.
   * @throws WriteError if the disk is full.
   */
  async set(step: number, entry: Entry): Promise<void> {
    // through text, so that the entry equals what another run reads back
    // (a rehearsal's numbers are made up: some may be infinite)
    const plain = isRehearsal()
      ? JSON.parse(JSON.stringify(entry))
      : JSON.parse(formatJsonAt(`${this.path}: step ${step}`, entry));
    const { weights, computedOn } = this.options, digest = weights?.get(step);
    const own: Origins = {
      weights: digest === undefined ? {} : { [step]: digest },
      computed_on: computedOn === undefined ? {} : { [step]: computedOn },
    };
    if (this.options.shard) {
      await writeJsonAtomic(shardPath(this.path, step), this.#file(new Map([[step, plain]]), own));
    } else {
      await this.#write(() => {
        this.origins = merged(this.origins, own);
        return new Map(this.entries).set(step, plain);
      });
    }
    this.entries.set(step, plain);
  }

  /** Writes the entries, with those of other processes. @throws UserError as `refresh` does; WriteError. */
  write(): Promise<void> {
    return this.#write(() => this.entries);
  }

  /** Writes entries that `taken` gives when this process has the lock and has taken over those of others. */
  #write(taken: () => ReadonlyMap<number, Entry>): Promise<void> {
    const { path } = this.options;
    return withFolderLocked(dirname(path), () => {
      this.refresh();
      const done = writeJsonAtomic(path, this.#file(taken(), this.origins));
      this.#written = fileStamp(path);
      return done;
    });
  }

  /**
   * Writes the complete file: format, settings, header, entries (those of other processes too), origins, `more` keys.
   * @returns what the file holds
   * @throws UserError as `refresh` does; WriteError if the disk is full.
   */
  finish(more: Record<string, unknown>): Record<string, unknown> {
    return withFolderLocked(dirname(this.path), () => {
      this.refresh();
      const content = { ...this.#file(this.entries, this.origins), ...more };
      writeFileAtomicSync(this.path, formatJson(content));
      this.#written = fileStamp(this.path);
      return content;
    });
  }

  /** Returns what a file with these entries and origins holds. */
  #file(
    entries: ReadonlyMap<number, Entry>,
    origins: Origins,
  ): Record<string, unknown> {
    const { settings, header, derive } = this.options;
    const sorted = new Map([...entries].sort(([a], [b]) => a - b));
    return {
      ...{ format: this.schema.format, config: settings },
      ...header as Record<string, unknown>,
      ...layoutOf(this.schema).write(sorted),
      ...derive?.([...sorted.values()]),
      ...Object.fromEntries(
        Object.entries(origins).filter(([, byStep]) => Object.keys(byStep).length > 0),
      ),
    };
  }

  /**
   * Takes over the entries that another process has added to the file; keeps its own.
   * @throws UserError if the file has meanwhile been damaged or started with other settings.
   */
  refresh(): void {
    const found = fileStamp(this.path);
    if (found === undefined || found === this.#written) return;
    let file: unknown;
    try {
      file = parseJson(Deno.readTextFileSync(this.path), this.path);
    } catch (cause) {
      throw new UserError((cause as Error).message, 1, { cause });
    }
    const { entries, origins } = sameRun(file, this.schema, this.options);
    for (const [step, entry] of entries) {
      if (!this.entries.has(step)) this.entries.set(step, entry);
    }
    this.origins = merged(origins, this.origins);
  }
}

/** Returns the origins of both; where both know a step, those of `later`. */
function merged(first: Origins, later: Origins): Origins {
  return {
    weights: { ...first.weights, ...later.weights },
    computed_on: { ...first.computed_on, ...later.computed_on },
  };
}

/** Returns entries and their origins. @throws UserError if settings or weights differ from the run's. */
function sameRun<Entry>(
  content: unknown,
  schema: ResultSchema<unknown, Entry>,
  { path, settings, weights: now }: OpenOptions<unknown, Entry>,
): { entries: Map<number, Entry>; origins: Origins } {
  const entries = entriesOf(path, content, schema, ADVICE);
  const { config, weights = {}, computed_on = {} } = content as Partial<Origins> & {
    config?: Record<string, unknown>;
  };
  if (!isObject(config)) checkValue(path, { config }, SETTINGS, ADVICE);
  const differences = settingDifferences(config!, settings);
  if (differences.length > 0) {
    throw new OtherResults(
      `${path} was made with other settings: ${differences.join(", ")}; ${ADVICE}`,
    );
  }
  const changed = [...now ?? []]
    .filter(([step, digest]) => entries.has(step) && (weights[step] ?? digest) !== digest);
  if (changed.length > 0) {
    const steps = changed.map(([step]) => step).join(", ");
    throw new OtherResults(
      `${path} was made of other weights: the checkpoints have since changed (step ${steps}); ${ADVICE}`,
    );
  }
  return { entries, origins: { weights, computed_on } };
}

function formatJsonAt(place: string, value: unknown): string {
  try {
    return formatJson(value);
  } catch (cause) {
    throw new Error(`${place}: ${(cause as Error).message}`, { cause });
  }
}
