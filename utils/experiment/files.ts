/**
 * Result files are never half-written: the data goes to a temporary file in the same folder, is flushed to the disk,
 * and takes its name by a rename, which a file system does at once or not at all.
 */
import { dirname } from "@std/path";

/**
 * Writes `data` to `path` at once or not at all, making the folder where it is missing.
 * @throws Error naming the path when the disk is full or the folder cannot be written; no partial file remains.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${Deno.pid}.tmp`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const file = await Deno.open(temporary, { write: true, create: true, truncate: true });
    try {
      let rest = typeof data === "string" ? new TextEncoder().encode(data) : data;
      while (rest.length > 0) rest = rest.subarray(await file.write(rest));
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

/** Writes `value` as indented JSON with a final newline, at once or not at all. */
export function writeJsonAtomic(path: string, value: unknown, indent = 1): Promise<void> {
  return writeFileAtomic(path, JSON.stringify(value, null, indent) + "\n");
}

/**
 * Reads a JSON file; `undefined` when there is none.
 * @throws Error naming the file when it is not JSON.
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
