/**
 * Downloads chosen files of a repository that is not a model, such as a set of transcoders.
 *
 * 1. The Hub gives the commit and its list of files; the caller chooses.
 * 2. What the cache has is not fetched again.
 * 3. If the Hub is unreachable or `HF_HUB_OFFLINE` is set, the choice is made from the files in the cache.
 */
import { relative } from "@std/path";
import { filesBelow, isFolder } from "../../base/mod.ts";
import { RepositoryCache } from "./hub_cache.ts";
import { type HubSettings, hubSettings, HubUnreachable } from "./hub_client.ts";
import { explained, type OnProgress, RemoteRepository } from "./remote_repository.ts";

/** Says where to look for a repository. */
export interface FolderOptions {
  /** branch, tag or commit; default: `main` */
  revision?: string;
  /** root of the cache; default: the standard Hugging Face cache */
  cacheDir?: string;
  /** called while a file downloads */
  onProgress?: OnProgress;
  /** overrides for how to reach the Hub; default: the environment */
  hub?: Partial<HubSettings>;
}

/** Chosen files of a repository, in the cache. */
export interface HubFolder {
  /** folder that the paths are relative to */
  dir: string;
  /** paths of the files that the caller chose */
  files: string[];
}

/**
 * Downloads the files of a repository that `choose` returns.
 * @param repo `organisation/name`
 * @param choose returns paths, out of all paths of the repository; may throw to say what is missing
 * @throws Error naming what is unknown, forbidden (with how to get access) or unreachable
 */
export async function resolveFolder(
  repo: string,
  choose: (files: readonly string[]) => string[],
  options: FolderOptions = {},
): Promise<HubFolder> {
  const { revision = "main", cacheDir, onProgress } = options;
  const settings = hubSettings(options.hub);
  const cache = new RepositoryCache(repo, cacheDir);
  const remembered = await cache.commitOf(revision);
  const cached = remembered === undefined ? undefined : cache.snapshot(remembered);
  const fromCache = async (dir: string) => {
    const paths = await filesBelow(dir, () => true);
    return { dir, files: choose(paths.map((path) => relative(dir, path))) };
  };
  if (settings.offline) {
    if (cached !== undefined && isFolder(cached)) return await fromCache(cached);
    throw new Error(
      `${repo} at ${revision} is not in the cache and HF_HUB_OFFLINE is set; unset it to download, or name a local folder`,
    );
  }
  try {
    const remote = await RemoteRepository.open(repo, revision, cache, settings, onProgress, true);
    const paths = [...(await remote.files()).keys()].filter(isInside).sort();
    const files = choose(paths);
    for (const file of files) await remote.fetch(file);
    await cache.remember(revision, remote.commit);
    return { dir: cache.snapshot(remote.commit), files };
  } catch (error) {
    if (error instanceof HubUnreachable && cached !== undefined && isFolder(cached)) {
      return await fromCache(cached);
    }
    throw await explained(error, repo, revision, settings);
  }
}

/** Tells whether a path of a listing stays inside the folder; another one is not offered. */
function isInside(path: string): boolean {
  return !path.split(/[\\/]/).some((part) => part === ".." || part === "");
}
