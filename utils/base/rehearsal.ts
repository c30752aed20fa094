/**
 * A rehearsal: a script's own code runs to say how much work it is, computes nothing and leaves the disk as it is. Files
 * that it would write are counted. The switch is thrown once for the whole process.
 */

let files: Map<string, number> | undefined;

/** Starts the rehearsal: from now on, written files are only counted. */
export function startRehearsal(): void {
  files = new Map();
}

/** Ends the rehearsal. */
export function endRehearsal(): void {
  files = undefined;
}

/** Whether numbers are made up and files are only counted. */
export const isRehearsal = (): boolean => files !== undefined;

/** Returns the bytes of the files that would have been written since the last call, by path. */
export function rehearsedFiles(): Map<string, number> {
  const found = files ?? new Map<string, number>();
  if (files) files = new Map();
  return found;
}

/** Counts a file instead of writing it; the last version of a path counts. Returns whether this is a rehearsal. */
export function rehearseFile(path: string, bytes: number): boolean {
  files?.set(path, bytes);
  return files !== undefined;
}
