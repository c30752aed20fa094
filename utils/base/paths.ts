/** What is at a path of the file system. Links are followed. */

/** Returns whether there is a file or a folder at `path`. */
export function isThere(path: string): boolean {
  return statOf(path) !== undefined;
}

/** Returns whether `path` is a file. */
export function isFile(path: string): boolean {
  return statOf(path)?.isFile ?? false;
}

/** Returns whether `path` is a folder. */
export function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory ?? false;
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return;
    throw error;
  }
}
