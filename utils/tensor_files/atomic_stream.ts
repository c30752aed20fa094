/** Writes a file too large for one array: part by part to a temporary file, which gets its name when it is complete. */
import { dirname } from "@std/path";

/**
 * Writes the parts to `path`, one after the other. Creates the folder if it is missing.
 * @throws Error naming the path; nothing is left of the file
 */
export async function writePartsAtomic(
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = `${path}.${Deno.pid}.tmp`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const file = await Deno.open(temporary, { write: true, create: true, truncate: true });
    try {
      // The sweep of abandoned temporary files (utils/base/files.ts) skips locked ones.
      await file.lock(true).catch(() => {});
      for await (const part of parts) {
        for (let rest = part; rest.length > 0;) rest = rest.subarray(await file.write(rest));
      }
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    throw new Error(`cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}
