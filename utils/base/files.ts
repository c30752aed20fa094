/**
 * Reads, writes and finds files. Writes are atomic:
 *
 * 1. Write the data to a temporary file in the same folder and flush it to the disk.
 * 2. Rename it to its final name, which a file system does completely or not at all.
 *
 * Writing is synchronous, so a signal handler never runs between the steps and two writes of one file never mix.
 * `temporary_files.ts` names the temporary files and removes those of dead processes.
 */
import { dirname, join } from "@std/path";
import { formatJson } from "./format_json.ts";
import { parseJson } from "./json_text.ts";
import { isRehearsal, rehearseFile } from "./rehearsal.ts";
import { openTemporary, sweepAbandoned, temporaryName } from "./temporary_files.ts";

/** A file could not be written: the disk is full, or the folder is not writable. */
export class WriteError extends Error {
  /** "WriteError" */
  override name = "WriteError";
}

const listeners: ((path: string) => void)[] = [];

/** Calls `listener` with the path of every file that this thread writes from now on. */
export function onFileWritten(listener: (path: string) => void): void {
  listeners.push(listener);
}

/** Tells the listeners that a file has been written by other means than this module's. */
export function fileWritten(path: string): void {
  for (const listener of listeners) listener(path);
}

/** Attempts after the first one. */
const RETRIES = 3;

/**
 * Writes `data` to `path` completely or not at all; creates the folder if needed.
 * @throws WriteError naming the path; the file is then unchanged, and no temporary file remains.
 */
// deno-lint-ignore require-await -- callers await a file; that the write is synchronous is this file's business
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  writeFileAtomicSync(path, data);
}

/** Writes `data` to `path` as `writeFileAtomic` does, for a caller that holds a lock. @throws WriteError */
export function writeFileAtomicSync(path: string, data: string | Uint8Array): void {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  if (rehearseFile(path, bytes.length)) return;
  let rest = RETRIES;
  while (true) {
    try {
      writeOnce(path, bytes);
      return fileWritten(path);
    } catch (cause) {
      // On a file system without locks between hosts, another host may have removed the temporary file.
      if (cause instanceof Deno.errors.NotFound && rest-- > 0) continue;
      throw new WriteError(`cannot write ${path}: ${(cause as Error).message}`, { cause });
    }
  }
}

function writeOnce(path: string, data: Uint8Array): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  sweepAbandoned(dirname(path));
  const { file, temporary } = openTemporary(path);
  try {
    try {
      let rest = data;
      while (rest.length > 0) rest = rest.subarray(file.writeSync(rest));
      file.syncSync();
      Deno.renameSync(temporary, path);
    } finally {
      file.close();
    }
  } catch (error) {
    try {
      Deno.removeSync(temporary);
    } catch {
      // another process has removed it
    }
    throw error;
  }
}

/** Writes `value` as JSON (`formatJson`) with a final newline, completely or not at all. */
export async function writeJsonAtomic(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, formatJson(value) + "\n");
}

/**
 * Reads a JSON file; returns `undefined` if there is none.
 * @throws Error naming the file if it cannot be read or is not valid JSON (`cause` is then a SyntaxError).
 */
export async function readJson(path: string): Promise<unknown | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new Error(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  return parseJson(text, path);
}

/**
 * Runs `action` under an exclusive lock on `folder`, so read-modify-write is atomic across processes. `action` must be
 * synchronous. Creates the folder. A file system without locks excludes nothing.
 */
export function withFolderLocked<T>(folder: string, action: () => T): T {
  let handle: Deno.FsFile | undefined;
  if (isRehearsal()) return action();
  try {
    Deno.mkdirSync(folder, { recursive: true });
    handle = Deno.openSync(folder, { read: true });
    handle.lockSync(true);
  } catch {
    // no locks on this file system, or no such folder: the write that follows reports it
  }
  try {
    return action();
  } finally {
    handle?.close();
  }
}

/**
 * Checks before a long computation that its results can be written. Leaves no file.
 * @throws WriteError naming the path.
 */
export function checkWritable(path: string): void {
  let folder = dirname(path);
  try {
    while (!isThere(folder) && dirname(folder) !== folder) folder = dirname(folder);
    const temporary = temporaryName(join(folder, "check"));
    Deno.writeTextFileSync(temporary, "");
    Deno.removeSync(temporary);
  } catch (cause) {
    throw new WriteError(`cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Identifies one version of a file on disk; undefined if there is no file. */
export function fileStamp(path: string): string | undefined {
  try {
    const { ino, mtime, size } = Deno.statSync(path);
    return [ino, mtime?.getTime(), size].join();
  } catch {
    return undefined;
  }
}

/** Whether `path` exists, as a file or a folder. */
export function isThere(path: string): boolean {
  return statOf(path) !== undefined;
}

/** Whether `path` is a file (follows links). */
export function isFile(path: string): boolean {
  return statOf(path)?.isFile ?? false;
}

/** Whether `path` is a folder (follows links). */
export function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory ?? false;
}

/** Returns the paths of all files below a folder whose names are wanted, in alphabetical order. */
export async function filesBelow(
  folder: string,
  wanted: (name: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) found.push(...await filesBelow(path, wanted));
    else if (wanted(name)) found.push(path);
  }
  return found.sort();
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return;
    throw error;
  }
}
