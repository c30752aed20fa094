/**
 * The Hugging Face cache on the disk, in the layout that Python's huggingface_hub shares
 * (https://huggingface.co/docs/huggingface_hub/guides/manage-cache):
 *
 *     {cache}/models--{organisation}--{name}/
 *       blobs/{digest}                the files' contents, each once
 *       refs/{revision}               the commit that a branch or tag pointed to
 *       snapshots/{commit}/{file}     links to the blobs
 *     {cache}/.locks/models--…/{digest}.lock
 */
import { dirname, join } from "@std/path";
import { getHFHubCachePath, getRepoFolderName } from "@huggingface/hub";
import { writeFileAtomic } from "../../base/files.ts";
import { shardNames, WEIGHT_FILES } from "../files/checkpoint_files.ts";
import { isFile } from "./local_steps.ts";

/** Files of a tokenizer, beside `config.json` and the weights; each is optional. */
export const TOKENIZER_FILES = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
] as const;

const COMMIT = /^[0-9a-f]{40}$/;

/** One repository's part of the cache. */
export class RepositoryCache {
  readonly #root: string;
  readonly #locks: string;

  /** @param cacheDir by default `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE` or `{HF_HOME}/hub` */
  constructor(repo: string, cacheDir: string = getHFHubCachePath()) {
    const folder = getRepoFolderName({ type: "model", name: repo });
    this.#root = join(cacheDir, folder);
    this.#locks = join(cacheDir, ".locks", folder);
  }

  /** Folder of a commit's files. */
  snapshot(commit: string): string {
    if (!COMMIT.test(commit)) throw new Error(`${commit} is no commit; expected 40 hex digits`);
    return join(this.#root, "snapshots", commit);
  }

  /** The commit that a revision pointed to when it was last fetched. */
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

  /** Remembers the commit that a revision points to. */
  async remember(revision: string, commit: string): Promise<void> {
    if (revision === commit || await this.commitOf(revision) === commit) return;
    await writeFileAtomic(this.#ref(revision), commit);
  }

  /** Whether a commit's folder holds config.json, tokenizer.json (when `tokenizer`) and all weights. */
  async isComplete(commit: string, tokenizer: boolean): Promise<boolean> {
    const dir = this.snapshot(commit);
    if (!isFile(join(dir, "config.json"))) return false;
    if (tokenizer && !isFile(join(dir, "tokenizer.json"))) return false;
    const weights = WEIGHT_FILES.find((name) => isFile(join(dir, name)));
    if (weights === undefined) return false;
    if (!weights.endsWith(".index.json")) return true;
    const path = join(dir, weights);
    const index = JSON.parse(await Deno.readTextFile(path));
    return shardNames(index, path).every((shard) => isFile(join(dir, shard)));
  }

  /**
   * Makes `file` of `commit` available: links the blob, after `fetchBlob(path)` when it is not there yet.
   * Another process (Python's included) that fetches the same blob is waited for.
   * @param digest name of the blob: SHA-256 for LFS files, git's blob hash for others
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
    if (!isFile(blob)) await fetchBlob(blob);
    await Deno.mkdir(dirname(pointer), { recursive: true });
    await link(join("..", "..", "blobs", digest), blob, pointer);
  }

  #ref(revision: string): string {
    if (!/^\w[\w.+/-]*$/.test(revision) || revision.split("/").includes("..")) {
      throw new Error(`${JSON.stringify(revision)} is no revision (branch, tag or commit)`);
    }
    return join(this.#root, "refs", revision);
  }
}

/** A relative link, or a copy where the file system has no links. */
async function link(target: string, blob: string, pointer: string): Promise<void> {
  await Deno.remove(pointer).catch(() => {});
  try {
    await Deno.symlink(target, pointer);
  } catch {
    if (!isFile(pointer)) await Deno.copyFile(blob, pointer);
  }
}
