/**
 * Result files are never half-written: the data goes to a temporary file in the same folder, is flushed to the disk,
 * and takes its name by a rename, which a file system does at once or not at all.
 *
 * Writing is synchronous, so that a signal handler never runs between its steps and two writes of one file cannot
 * mix. The temporary file is locked while it is written; a process that dies leaves its temporary file unlocked,
 * and the next process that writes to the folder removes it.
 */
import { dirname, join } from "@std/path";
import { formatJson } from "./format_json.ts";

/** A file could not be written: the disk is full or the folder cannot be written to. */
export class WriteError extends Error {
  override name = "WriteError";
}

/**
 * Writes `data` to `path` at once or not at all, making the folder where it is missing.
 * @throws WriteError naming the path; the file is then as it was before, and no temporary file remains.
 */
// deno-lint-ignore require-await -- callers wait for a file; that it is written synchronously is this file's affair
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${Deno.pid}.tmp`;
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    removeAbandoned(dirname(path));
    const file = Deno.openSync(temporary, { write: true, create: true, truncate: true });
    try {
      lock(file);
      let rest = typeof data === "string" ? new TextEncoder().encode(data) : data;
      while (rest.length > 0) rest = rest.subarray(file.writeSync(rest));
      file.syncSync();
    } finally {
      file.close();
    }
    Deno.renameSync(temporary, path);
  } catch (cause) {
    try {
      Deno.removeSync(temporary);
    } catch {
      // it was never made
    }
    throw new WriteError(`cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Writes `value` as JSON (`formatJson`) with a final newline, at once or not at all. */
export async function writeJsonAtomic(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, formatJson(value) + "\n");
}

/**
 * Reads a JSON file; `undefined` when there is none.
 * @throws Error naming the file when it cannot be read or is not JSON.
 */
export async function readJson(path: string): Promise<unknown | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new Error(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is not valid JSON: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Does `action` while no other process does one in the same folder: reading a file and writing it anew is then one step.
 * `action` must be synchronous. Makes the folder; where folders cannot be locked, nothing is excluded.
 */
export function withFolderLocked<T>(folder: string, action: () => T): T {
  let handle: Deno.FsFile | undefined;
  try {
    Deno.mkdirSync(folder, { recursive: true });
    handle = Deno.openSync(folder, { read: true });
    lock(handle);
  } catch {
    // no folder, or one that cannot be opened: writing to it will say so
  }
  try {
    return action();
  } finally {
    handle?.close();
  }
}

/**
 * Finds out before a long computation whether its results can be written; leaves nothing behind.
 * @throws WriteError naming the path.
 */
export function checkWritable(path: string): void {
  let folder = dirname(path);
  try {
    while (!isThere(folder) && dirname(folder) !== folder) folder = dirname(folder);
    const temporary = join(folder, `check.${Deno.pid}.tmp`);
    Deno.writeTextFileSync(temporary, "");
    Deno.removeSync(temporary);
  } catch (cause) {
    throw new WriteError(`cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Whether there is a file or folder of this name. */
export function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const swept = new Set<string>();

/** Removes what processes that died while writing left in the folder; looked for once per process and folder. */
function removeAbandoned(folder: string): void {
  if (swept.has(folder)) return;
  swept.add(folder);
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    if (!isFile || !/\.\d+\.tmp$/.test(name)) continue;
    const path = join(folder, name);
    try {
      using file = Deno.openSync(path, { read: true, write: true });
      if (file.tryLockSync(true)) Deno.removeSync(path);
    } catch {
      // a file system without locks, or the writer has just finished: leave it
    }
  }
}

function lock(file: Deno.FsFile): void {
  try {
    file.lockSync(true);
  } catch {
    // a file system without locks; abandoned files then stay until removed by hand
  }
}
