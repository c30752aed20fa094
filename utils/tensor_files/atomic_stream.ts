/** Writes a file too large for one array: part by part to a temporary file, which gets its name when it is complete. */
import { dirname } from "@std/path";
import {
  fileWritten,
  isRehearsal,
  openTemporary,
  rehearseFile,
  sweepAbandoned,
} from "../base/mod.ts";

/**
 * Writes the parts to `path`, one after the other. Creates the folder if it is missing.
 * @throws Error naming the path; nothing is left of the file
 */
export async function writePartsAtomic(
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  if (isRehearsal()) {
    let bytes = 0;
    for await (const part of parts) bytes += part.length;
    rehearseFile(path, bytes);
    return;
  }
  let temporary: string | undefined;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    sweepAbandoned(dirname(path));
    const opened = openTemporary(path);
    const { file } = opened;
    temporary = opened.temporary;
    try {
      for await (const part of parts) {
        for (let rest = part; rest.length > 0;) rest = rest.subarray(await file.write(rest));
      }
      await file.sync();
      await Deno.rename(temporary, path);
      fileWritten(path);
    } finally {
      file.close();
    }
  } catch (cause) {
    if (temporary !== undefined) await Deno.remove(temporary).catch(() => {});
    throw new Error(`cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}
