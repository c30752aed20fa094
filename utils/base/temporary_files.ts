/**
 * Names, opens and removes the temporary files of atomic writes.
 *
 * 1. A name holds the process id and a random part: two processes, on two hosts or in two containers, never share one.
 * 2. The writer holds a lock on its file. A process that dies releases the lock.
 * 3. The next process that writes to the folder locks, and then removes, each file that nobody holds. A writer that has
 *    opened its file but not locked it yet may lose it so; it looks after it has the lock, and opens another one.
 */
import { join } from "@std/path";

const TEMPORARY = /\.\d+(\.[0-9a-f]{12})?\.tmp$/;
/** A folder is swept once per process, so a writer rarely loses more than one file. */
const MOST_LOSSES = 100;

/** Returns a new name for a temporary file of `path`, in the same folder. */
export function temporaryName(path: string): string {
  const random = crypto.getRandomValues(new Uint8Array(6)).toHex();
  return `${path}.${Deno.pid}.${random}.tmp`;
}

/**
 * Creates a temporary file of `path` and locks it. Its folder must exist.
 * @throws Error of the file system
 */
export function openTemporary(path: string): { file: Deno.FsFile; temporary: string } {
  for (let losses = 0;; losses++) {
    const temporary = temporaryName(path);
    const file = Deno.openSync(temporary, { write: true, createNew: true });
    try {
      file.lockSync(true);
    } catch {
      // no locks on this file system: nobody removes the file
    }
    try {
      Deno.statSync(temporary);
      return { file, temporary };
    } catch (error) {
      file.close();
      if (!(error instanceof Deno.errors.NotFound) || losses === MOST_LOSSES) throw error;
    }
  }
}

const swept = new Set<string>();

/** Removes temporary files of processes that died while writing; looks once per process and folder. */
export function sweepAbandoned(folder: string): void {
  if (swept.has(folder)) return;
  swept.add(folder);
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    if (isFile && TEMPORARY.test(name)) removeUnlocked(join(folder, name));
  }
}

/** Removes a temporary file unless a process holds it. */
export function removeUnlocked(path: string): void {
  try {
    using file = Deno.openSync(path, { read: true, write: true });
    if (file.tryLockSync(true)) Deno.removeSync(path);
  } catch {
    // no locks on this file system, or the writer has just finished: leave the file
  }
}
