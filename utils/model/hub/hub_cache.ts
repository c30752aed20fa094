/**
 * Reads and fills the Hugging Face cache on disk, in the layout of Python's huggingface_hub
 * (https://huggingface.co/docs/huggingface_hub/guides/manage-cache):
 *
 *     {cache}/models--{organisation}--{name}/
 *       blobs/{digest}                contents of the files, each stored once
 *       refs/{revision}               the commit that a branch or tag pointed to
 *       snapshots/{commit}/{file}     links to the blobs
 *     {cache}/.locks/models--…/{digest}.lock
 */
import { dirname, join, relative } from "@std/path";
import { getHFHubCachePath, getRepoFolderName } from "@huggingface/hub";
import { isFile, readJson, writeFileAtomic } from "../../base/mod.ts";
import { shardNames, WEIGHT_FILES } from "../files/mod.ts";

/** Names of the files of a tokenizer; each is optional. */
export const TOKENIZER_FILES = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
] as const;

const COMMIT = /^[0-9a-f]{40}$/;

/** Manages one repository's part of the cache. */
export class RepositoryCache {
  readonly #root: string;
  readonly #locks: string;

  /**
   * Opens the part of a repository; creates nothing on disk.
   * @param repo `organisation/name`
   * @param cacheDir by default `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE` or `{HF_HOME}/hub`
   */
  constructor(repo: string, cacheDir: string = getHFHubCachePath()) {
    const folder = getRepoFolderName({ type: "model", name: repo });
    this.#root = join(cacheDir, folder);
    this.#locks = join(cacheDir, ".locks", folder);
  }

  /**
   * Returns the folder of a commit's files.
   * @throws Error if `commit` does not have 40 hex digits
   */
  snapshot(commit: string): string {
    if (!COMMIT.test(commit)) throw new Error(`${commit} is not a commit; expected 40 hex digits`);
    return join(this.#root, "snapshots", commit);
  }

  /** Returns the commit that a revision pointed to when it was last fetched, or undefined if it never was. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (COMMIT.test(revision)) return revision;
    try {
      const commit = (await Deno.readTextFile(this.#ref(revision))).trim();
      return COMMIT.test(commit) ? commit : undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Returns the revisions that were fetched before. */
  revisions(): string[] {
    try {
      return [...Deno.readDirSync(join(this.#root, "refs"))].map(({ name }) => name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  /** Records the commit that a revision points to. */
  async remember(revision: string, commit: string): Promise<void> {
    if (revision === commit || await this.commitOf(revision) === commit) return;
    await writeFileAtomic(this.#ref(revision), commit);
  }

  /** Tells whether a commit's folder holds config.json, all weights and, if `tokenizer` is true, tokenizer.json. */
  async isComplete(commit: string, tokenizer: boolean): Promise<boolean> {
    const dir = this.snapshot(commit);
    if (!isFile(join(dir, "config.json"))) return false;
    if (tokenizer && !isFile(join(dir, "tokenizer.json"))) return false;
    const weights = WEIGHT_FILES.find((name) => isFile(join(dir, name)));
    if (weights === undefined) return false;
    if (!weights.endsWith(".index.json")) return true;
    const path = join(dir, weights);
    return shardNames(await readJson(path), path).every((shard) => isFile(join(dir, shard)));
  }

  /**
   * Links `file` of `commit` to its blob. Calls `fetchBlob(path)` first if the blob is missing.
   * Holds the blob's lock, and so waits for another process (Python's included) that fetches the same blob.
   * @param digest name of the blob: SHA-256 for LFS files, git's blob hash for others
   * @throws Error if `digest` is neither
   */
  async provide(
    commit: string,
    file: string,
    digest: string,
    fetchBlob: (path: string) => Promise<void>,
  ): Promise<void> {
    const pointer = join(this.snapshot(commit), file);
    if (isFile(pointer)) return;
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(digest)) {
      throw new Error(`${file}: the checksum ${digest} is neither SHA-1 nor SHA-256`);
    }
    const blob = join(this.#root, "blobs", digest);
    await Deno.mkdir(dirname(blob), { recursive: true });
    await Deno.mkdir(this.#locks, { recursive: true });
    using lock = await Deno.open(join(this.#locks, `${digest}.lock`), {
      write: true,
      create: true,
    });
    await lock.lock(true);
    if (isFile(pointer)) return; // another process has made it meanwhile
    if (!isFile(blob)) await fetchBlob(blob);
    await Deno.mkdir(dirname(pointer), { recursive: true });
    await link(relative(dirname(pointer), blob), blob, pointer);
  }

  #ref(revision: string): string {
    if (!/^\w[\w.+/-]*$/.test(revision) || revision.split("/").includes("..")) {
      throw new Error(`${JSON.stringify(revision)} is not a revision (branch, tag or commit)`);
    }
    return join(this.#root, "refs", revision);
  }
}

/**
 * Makes a relative link, or a copy where the file system does not support links. There is no file at `pointer`, at most a
 * link that leads nowhere; the caller holds the lock.
 */
async function link(target: string, blob: string, pointer: string): Promise<void> {
  await Deno.remove(pointer).catch(() => {});
  try {
    await Deno.symlink(target, pointer);
  } catch {
    const partial = `${pointer}.incomplete`;
    await Deno.copyFile(blob, partial);
    await Deno.rename(partial, pointer);
  }
}
