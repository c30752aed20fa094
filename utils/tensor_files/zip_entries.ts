/**
 * Lists the entries of a zip archive of uncompressed entries, as PyTorch writes them.
 *
 * yauzl reads the archive's directory. It throws inside callbacks when a damaged directory sends it to a position beyond
 * 2^53, which would end the process. It therefore reads through {@link BoundedReader}: each position is checked, and
 * what a callback throws becomes an error of the listing.
 */
// @ts-types="@types/yauzl"
import * as yauzl from "yauzl";

/** Most entries accepted; a model has one per tensor, the largest ones a few thousand. */
const MOST_ENTRIES = 50_000;

/** Locates an uncompressed entry of a zip archive: first byte and length. */
export interface StoredEntry {
  start: number;
  bytes: number;
}

/** Returns the entries by name. @throws Error saying what is wrong, without the file's name. */
export async function uncompressedEntries(path: string): Promise<Map<string, StoredEntry>> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const failed = Promise.withResolvers<never>();
  const reader = new BoundedReader(file, size, failed.reject);
  return await Promise.race([entriesIn(reader, size), failed.promise]);
}

async function entriesIn(reader: BoundedReader, size: number): Promise<Map<string, StoredEntry>> {
  const entries = new Map<string, StoredEntry>();
  const zip = await yauzl.fromRandomAccessReaderPromise(reader, size, { autoClose: false });
  if (zip.entryCount > MOST_ENTRIES) {
    throw new Error(`${zip.entryCount} entries; expected at most ${MOST_ENTRIES}`);
  }
  for await (const entry of zip.eachEntry()) {
    if (entry.compressionMethod !== 0 || entry.isEncrypted()) {
      throw new Error(`entry ${entry.fileName} is compressed; PyTorch stores entries uncompressed`);
    }
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const bytes = entry.uncompressedSize;
    if (fileDataStart + bytes > size) {
      throw new Error(
        `entry ${entry.fileName} ends at byte ${fileDataStart + bytes} of ${size}`,
      );
    }
    entries.set(entry.fileName, { start: fileDataStart, bytes });
  }
  return entries;
}

type Callback = (error: Error | null, bytesRead: number) => void;

/** Bytes read ahead: the directory is read in steps of a few dozen bytes. */
const WINDOW_BYTES = 1 << 16;

/** Reads positions inside a file, and reports what yauzl's callbacks throw. */
class BoundedReader extends yauzl.RandomAccessReader {
  #window = new Uint8Array(0);
  #windowAt = 0;

  constructor(
    private readonly file: Deno.FsFile,
    private readonly bytes: number,
    private readonly fail: (error: unknown) => void,
  ) {
    super();
  }

  override read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
    callback: Callback,
  ): void {
    queueMicrotask(() => {
      try {
        const inside = Number.isSafeInteger(position) && position >= 0 && position <= this.bytes;
        if (!inside) return callback(new Error(`position ${position} of ${this.bytes}`), 0);
        const read = this.#at(position, length);
        buffer.set(read, offset);
        callback(null, read.length);
      } catch (error) {
        this.fail(error);
      }
    });
  }

  /** Returns up to `length` bytes from a position. */
  #at(position: number, length: number): Uint8Array {
    const from = position - this.#windowAt;
    if (from < 0 || from + length > this.#window.length) {
      this.#window = new Uint8Array(
        Math.min(Math.max(length, WINDOW_BYTES), this.bytes - position),
      );
      this.#windowAt = position;
      this.file.seekSync(position, Deno.SeekMode.Start);
      for (let done = 0; done < this.#window.length;) {
        const n = this.file.readSync(this.#window.subarray(done));
        if (n === null) throw new Error("the file has become shorter");
        done += n;
      }
    }
    const start = position - this.#windowAt;
    return this.#window.subarray(start, start + length);
  }
}
