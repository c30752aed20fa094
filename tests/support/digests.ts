/** Digests of files, to compare folders byte for byte. */
import { filesBelow } from "../../utils/base/mod.ts";

/** Returns the SHA-256 of every file below a folder, by relative path, in the order of paths. */
export async function digestsBelow(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const path of (await filesBelow(folder, () => true)).sort()) {
    const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
    files[path.slice(folder.length + 1)] = new Uint8Array(digest).toHex();
  }
  return files;
}
