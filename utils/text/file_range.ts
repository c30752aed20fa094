/** Reads part of an open file. */

/**
 * Reads `length` bytes from byte `start` on; synchronous, so that two readers of one file cannot mix.
 * @throws Error naming the file if it ends too early.
 */
export function readRange(
  file: Deno.FsFile,
  path: string,
  start: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(start, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const n = file.readSync(bytes.subarray(done));
    if (n === null) {
      throw new Error(
        `${path}: expected ${length} bytes at byte ${start}, found ${done}; the file is truncated or ` +
          `is being written: download or write it again`,
      );
    }
    done += n;
  }
  return bytes;
}
