/**
 * Downloads one file from the Hub: the file appears complete and verified, or not at all.
 *
 * 1. The bytes go to `{path}.incomplete`. The download keeps what an earlier attempt left there and asks for the rest
 *    with a `Range` header. If the server answers with the whole file, the download starts again at byte 0.
 * 2. After a broken or silent connection, the download resumes as long as attempts bring new bytes.
 * 3. Size and checksum must be those that the repository lists: SHA-256 for LFS files, for others git's blob hash,
 *    SHA-1 of "blob {size}\0" + content. A file that does not match is downloaded from scratch once more.
 * 4. A rename gives the file its name.
 *
 * `@huggingface/hub` can download into the cache too, but it neither resumes nor verifies.
 */
import { createHash, type Hash } from "node:crypto";
import {
  HubRefusal,
  hubRequest,
  type HubSettings,
  HubUnreachable,
  IdleTimer,
  TransientFault,
  withRetries,
} from "./hub_client.ts";

/** Describes a file to download. */
export interface RemoteFile {
  /** Address of the content. */
  url: string;
  /** Size in bytes. */
  size: number;
  /** Checksum in hexadecimal: 64 digits for SHA-256 of the content, 40 digits for git's blob hash. */
  digest: string;
}

class Mismatch extends Error {}

/**
 * Downloads `file` to `path`.
 * @param onProgress called with the number of bytes on disk
 * @throws HubRefusal, HubUnreachable, or Error naming the URL if size or checksum is wrong twice, or the file that the disk
 * does not take
 */
export async function downloadFile(
  settings: HubSettings,
  file: RemoteFile,
  path: string,
  onProgress: (done: number) => void = () => {},
): Promise<void> {
  const partial = `${path}.incomplete`;
  const fetchAndVerify = async () => {
    await fetchRest(settings, file, partial, onProgress);
    await verify(file, partial);
  };
  try {
    await fetchAndVerify();
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    await removeIfThere(partial);
    await fetchAndVerify();
  }
  await Deno.rename(partial, path);
}

async function fetchRest(
  settings: HubSettings,
  file: RemoteFile,
  partial: string,
  onProgress: (done: number) => void,
): Promise<void> {
  while (true) {
    const before = await sizeOf(partial);
    try {
      return await withRetries(settings, () => fetchOnce(settings, file, partial, onProgress));
    } catch (error) {
      const progressed = await sizeOf(partial) > before;
      if (!(error instanceof HubUnreachable) || !progressed) throw error;
    }
  }
}

async function fetchOnce(
  settings: HubSettings,
  file: RemoteFile,
  partial: string,
  onProgress: (done: number) => void,
): Promise<void> {
  const written = <T>(work: Promise<T>) => work.catch((cause) => notWritten(partial, file, cause));
  using disk = await written(Deno.open(partial, { write: true, create: true }));
  let done = (await disk.stat()).size;
  if (done > file.size) done = 0;
  if (done < file.size || file.size === 0) {
    const idle = new IdleTimer(settings.idleTimeout);
    try {
      const headers: Record<string, string> = done > 0 ? { Range: `bytes=${done}-` } : {};
      const response = await hubRequest(settings, file.url, { headers, signal: idle.signal })
        .catch((error) => {
          if (!(error instanceof HubRefusal) || error.status !== 416 || done === 0) throw error;
          throw new Mismatch(`${file.url}: the server has ${done} bytes; expected ${file.size}`);
        });
      const start = firstByte(response);
      if (start !== 0 && start !== done) {
        throw new TransientFault(`received bytes from ${start}; expected ${done}: ${file.url}`);
      }
      done = start;
      await written(disk.truncate(done));
      await disk.seek(done, Deno.SeekMode.Start);
      for await (const chunk of chunks(response)) {
        idle.restart();
        for (let rest = chunk; rest.length > 0;) {
          rest = rest.subarray(await written(disk.write(rest)));
        }
        done += chunk.length;
        if (done > file.size) break;
        onProgress(done);
      }
    } finally {
      idle.stop();
    }
  }
  if (done < file.size) {
    throw new TransientFault(`the connection ended at byte ${done} of ${file.size}: ${file.url}`);
  }
  await written(disk.sync());
}

/** Reports a disk that takes no more. @throws Error naming the file, its size and what to do. */
function notWritten(partial: string, { size }: RemoteFile, cause: Error): never {
  throw new Error(
    `cannot write ${partial}, a download of ${size} bytes: ${cause.message}; make room, or choose another folder with ` +
      "cache_dir or HF_HOME; the next run continues the download",
    { cause },
  );
}

/** Returns the offset of a response's first byte: from its Content-Range, 0 for a whole file, NaN if it is missing. */
function firstByte(response: Response): number {
  if (response.status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(response.headers.get("Content-Range") ?? "")?.[1] ?? NaN);
}

/** Yields the body's chunks. Turns a broken connection into a transient fault, unlike an error of the disk. */
async function* chunks(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read().catch((cause) => {
        throw new TransientFault(`the connection broke: ${(cause as Error).message}`, { cause });
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function verify({ url, size, digest }: RemoteFile, partial: string): Promise<void> {
  const found = await sizeOf(partial);
  const actual = found === size ? await hashOf(partial, digest.length === 64, size) : undefined;
  if (actual === digest) return;
  await removeIfThere(partial);
  throw new Mismatch(
    actual === undefined
      ? `${url}: received ${found} bytes; expected ${size}`
      : `${url}: received a file with checksum ${actual}; expected ${digest}`,
  );
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

async function hashOf(path: string, lfs: boolean, size: number): Promise<string> {
  const hash: Hash = createHash(lfs ? "sha256" : "sha1");
  if (!lfs) hash.update(`blob ${size}\0`);
  using file = await Deno.open(path);
  const piece = new Uint8Array(4 << 20);
  for (let n = await file.read(piece); n !== null; n = await file.read(piece)) {
    hash.update(piece.subarray(0, n));
  }
  return hash.digest("hex");
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
