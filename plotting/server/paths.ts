/** Finds the file that an address means, and none outside the results folder. */
import { join } from "@std/path";

/**
 * Returns the real path of a file below `root`, or undefined if the address means none: it does not exist, is not a file,
 * has a part that is empty, ".", ".." or holds a slash, backslash or NUL once decoded, or leads outside through a link.
 * @param root real path of the folder
 * @param address path below the folder, encoded as in a URL
 */
export async function fileAt(root: string, address: string): Promise<string | undefined> {
  let parts: string[];
  try {
    parts = address.split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
  if (parts.some((part) => /^\.{0,2}$|[/\\\0]/.test(part))) return undefined;
  try {
    const path = await Deno.realPath(join(root, ...parts));
    if (!path.startsWith(join(root, "/"))) return undefined;
    return (await Deno.stat(path)).isFile ? path : undefined;
  } catch (error) {
    const missing = [Deno.errors.NotFound, Deno.errors.NotADirectory, Deno.errors.PermissionDenied];
    if (
      missing.some((kind) => error instanceof kind) || error instanceof Deno.errors.FilesystemLoop
    ) {
      return undefined;
    }
    // A name that the file system does not take, such as one that is too long.
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}
